import { expect, test } from 'vitest';
import type { ForeignConnection } from '../../testkit/foreign-connection.ts';
import { capturedRows, capturedTexts, insertItem } from './change-log.testkit.ts';
import { openMasterDatabase, type CreateDatabase } from './master-database.testkit.ts';
import { samples } from './sample-tables.testkit.ts';

/** Whatever another program writes into a master's database is captured (design 3.1); call it within a `describe`. */
export function captureContract(createDatabase: CreateDatabase): void {
  const open = async (): Promise<ForeignConnection> =>
    (await openMasterDatabase(createDatabase, { definitions: [samples] })).connect();

  test('P3 scenario 16: an insert, an update and a delete of another program are captured', async () => {
    const other = await open();
    await other.run(insertItem('i1'));
    await other.run("UPDATE inventories SET name = 'Tea', location = 'A1' WHERE id = 'i1'");
    await other.run("DELETE FROM inventories WHERE id = 'i1'");
    expect(await capturedTexts(other)).toEqual([
      'create i1',
      'update i1 name,location',
      'delete i1',
    ]);
    const images = (await capturedRows(other)).map(
      ({ image }) => JSON.parse(image) as Record<string, unknown>,
    );
    expect(images.map(({ name }) => name)).toEqual(['name i1', 'Tea', 'Tea']);
    expect(images.map(({ location }) => location)).toEqual([null, 'A1', 'A1']);
  });

  test('P3 bulk statements are captured row by row', async () => {
    const other = await open();
    const values = Array.from({ length: 300 }, (_, n) => `('b${n}', 's${n}', 'n', 1, 1)`);
    await other.run(
      `INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ${values.join(', ')}`,
    );
    await other.run("UPDATE inventories SET location = 'X' WHERE quantity = 1");
    await other.run('DELETE FROM inventories');
    const rows = await capturedRows(other);
    expect(rows.length).toBe(900);
    for (const action of ['create', 'update', 'delete']) {
      const ids = rows.filter((row) => row.action === action).map((row) => row.row_id);
      expect(new Set(ids).size).toBe(300);
    }
  });

  test('P3 an upsert is a create, an update, or nothing', async () => {
    const other = await open();
    const upsert = `${insertItem('i1')} ON CONFLICT (id) DO UPDATE SET name = excluded.name, quantity = excluded.quantity`;
    await other.run(upsert);
    await other.run(upsert);
    await other.run(upsert.replace("'name i1', 10", "'Tea', 12"));
    expect(await capturedTexts(other)).toEqual(['create i1', 'update i1 name,quantity']);
  });

  test('what is rolled back is not in the log', async () => {
    const other = await open();
    await other.script(`BEGIN; ${insertItem('i1')}; ROLLBACK`);
    await other.script(`BEGIN; ${insertItem('i2')}; SAVEPOINT a; ${insertItem('i3')};
      UPDATE inventories SET name = 'x' WHERE id = 'i2'; ROLLBACK TO SAVEPOINT a; ${insertItem('i4')}; COMMIT`);
    expect(await capturedTexts(other)).toEqual(['create i2', 'create i4']);
  });

  test('scenario 17: an update that changes nothing leaves no change', async () => {
    const other = await open();
    const bytes = other.dialect === 'sqlite' ? "x'00ff'" : "'\\x00ff'";
    await other.run(`INSERT INTO samples (id, label, big, price, flag, seen_at, doc, bytes)
      VALUES ('s1', 'a', 9007199254740993, 1.5, true, '2026-01-01 00:00:00Z', '{"b": 1, "a": 2}', ${bytes})`);
    await other.run(`UPDATE samples SET label = label, big = 9007199254740993, price = 1.50, flag = true,
      doc = '{"b": 1, "a": 2}', bytes = ${bytes}, rate = NULL WHERE id = 's1'`);
    await other.run("UPDATE samples SET label = 'b' WHERE id = 'none'");
    expect(await capturedTexts(other)).toEqual(['create s1']);
    await other.run(`UPDATE samples SET doc = '{"a": 2, "b": 1}' WHERE id = 's1'`);
    await other.run("UPDATE samples SET label = NULL, rate = 0.5 WHERE id = 's1'");
    expect(await capturedTexts(other)).toEqual([
      'create s1',
      'update s1 doc',
      'update s1 label,rate',
    ]);
  });

  test('a changed key is a deleted row and a new one', async () => {
    const other = await open();
    await other.run(insertItem('i1'));
    await other.run("UPDATE inventories SET id = 'i9', name = 'moved' WHERE id = 'i1'");
    expect(await capturedTexts(other)).toEqual(['create i1', 'delete i1', 'create i9']);
    expect((await capturedRows(other)).map(({ generation }) => generation)).toEqual([1, 2, 1]);
  });

  test('MERGE6 scenario 21: the generation is odd while a row lives and even when it is deleted', async () => {
    const other = await open();
    await other.run(insertItem('i1'));
    await other.run("UPDATE inventories SET name = 'a' WHERE id = 'i1'");
    await other.run("DELETE FROM inventories WHERE id = 'i1'");
    await other.run(insertItem('i1'));
    await other.run("UPDATE inventories SET name = 'b' WHERE id = 'i1'");
    await other.script(
      `BEGIN; DELETE FROM inventories WHERE id = 'i1'; ${insertItem('i1')}; DELETE FROM inventories WHERE id = 'i1'; COMMIT`,
    );
    expect((await capturedRows(other)).map(({ generation }) => generation)).toEqual([
      1, 1, 2, 3, 3, 4, 5, 6,
    ]);
  });

  test('rows that go or change by a foreign key action are captured', async () => {
    const master = await openMasterDatabase(createDatabase, {
      prepare: async (other) => {
        const textId = 'VARCHAR(36) PRIMARY KEY NOT NULL';
        await other.run(
          `CREATE TABLE inventories (id ${textId}, sku VARCHAR(50) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL, description TEXT, quantity BIGINT NOT NULL DEFAULT 0, unit_price DECIMAL(14,4) NOT NULL, location VARCHAR(255), created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
        );
        await other.run(
          `CREATE TABLE inventory_adjustments (id ${textId}, inventory_id VARCHAR(36) NOT NULL REFERENCES inventories (id) ON DELETE CASCADE ON UPDATE CASCADE, quantity_change BIGINT NOT NULL, reason TEXT NOT NULL, adjusted_by TEXT, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
        );
      },
    });
    const other = await master.connect();
    await other.run(insertItem('i1'));
    await other.run(
      "INSERT INTO inventory_adjustments (id, inventory_id, quantity_change, reason) VALUES ('a1', 'i1', -1, 'broken'), ('a2', 'i1', -2, 'lost')",
    );
    await other.run("UPDATE inventories SET id = 'i2' WHERE id = 'i1'");
    await other.run("DELETE FROM inventories WHERE id = 'i2'");
    const texts = await capturedTexts(other);
    expect(texts.slice(0, 3)).toEqual(['create i1', 'create a1', 'create a2']);
    expect(texts.slice(3).toSorted()).toEqual([
      'create i2',
      'delete a1',
      'delete a2',
      'delete i1',
      'delete i2',
      'update a1 inventory_id',
      'update a2 inventory_id',
    ]);
  });

  test('a counter notes how far it moved, and its extremes do not stop the writer', async () => {
    const other = await open();
    await other.run(insertItem('i1', 10));
    await other.run("UPDATE inventories SET quantity = quantity - 3 WHERE id = 'i1'");
    await other.run("UPDATE inventories SET quantity = -9223372036854775807 WHERE id = 'i1'");
    await other.run("UPDATE inventories SET quantity = 9223372036854775807 WHERE id = 'i1'");
    const moves = (await capturedRows(other)).map((row) => row.moves);
    expect(moves.length).toBe(4);
    expect(Number((JSON.parse(moves[1] ?? '{}') as { quantity: string }).quantity)).toBe(-3);
  });

  test("the origin of an applied upload never becomes another writer's", async () => {
    const master = await openMasterDatabase(createDatabase);
    const other = await master.connect();
    const row = (id: string) => ({
      id,
      sku: id,
      name: id,
      description: null,
      quantity: 1,
      unit_price: '1.0000',
      location: null,
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    });
    const apply = (id: string, fails: boolean): Promise<void> =>
      master.store.write(async (tx) => {
        await tx.applyWrites([{ kind: 'insert', table: 'inventories', id, row: row(id) }], {
          slave: 'A',
          transaction: 'A:1',
        });
        if (fails) throw new Error('stopped');
      });
    await apply('up1', false);
    await other.run(insertItem('i1'));
    await expect(apply('up2', true)).rejects.toThrow('stopped');
    await other.run(insertItem('i2'));
    await master.store.write(async (tx) => {
      const failures = await tx.applyWrites(
        [{ kind: 'insert', table: 'inventories', id: 'up3', row: { ...row('up3'), sku: 'up1' } }],
        { slave: 'A', transaction: 'A:2' },
      );
      expect(failures).toMatchObject([{ id: 'up3', code: 'row_unique' }]);
    });
    await other.run(insertItem('i3'));
    expect((await capturedRows(other)).map(({ row_id: id, origin }) => [id, origin])).toEqual([
      ['up1', 'A'],
      ['i1', ''],
      ['i2', ''],
      ['i3', ''],
    ]);
  });
}
