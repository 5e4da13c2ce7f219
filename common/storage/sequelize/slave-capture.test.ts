import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  defineTable,
  integer,
  key,
  text,
  blob,
  json,
  boolean,
  decimal,
} from '../../core/table-definition.ts';
import { briefly, insertInventory, makeSlave } from './slave-store.testkit.ts';

describe('capture of plain SQL', () => {
  it('P1 captures insert, update and delete with whole images', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(
      `UPDATE inventories SET quantity = quantity - 2, name = 'Green tea' WHERE id = 'i1'`,
    );
    await slave.app.exec(`DELETE FROM inventories WHERE id = 'i1'`);
    const entries = await slave.entries();
    expect(briefly(entries)).toEqual(['create i1', 'update i1 name quantity', 'delete i1']);
    expect(entries.map(({ operation }) => operation)).toEqual([1, 2, 3]);
    expect(entries[0]?.after).toEqual({
      ok: true,
      row: {
        id: 'i1',
        sku: 'sku-i1',
        name: 'Tea',
        description: null,
        quantity: 5,
        unit_price: '2.5000',
        location: null,
        created_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:00:00.000Z',
      },
    });
    expect(entries[1]).toMatchObject({
      deltas: { quantity: -2 },
      counted: false,
      after: { ok: true, row: { quantity: 3, name: 'Green tea' } },
      before: { ok: true, row: { quantity: 5, name: 'Tea' } },
    });
    expect(entries[2]).toMatchObject({ after: { ok: true, row: { quantity: 3 } }, before: null });
    expect(entries[0]?.capturedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('leaves updates out that change nothing', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(`UPDATE inventories SET name = 'Tea', quantity = 5`);
    await slave.app.exec(`UPDATE inventories SET unit_price = 2.50`);
    expect(briefly(await slave.entries())).toEqual(['create i1']);
  });

  it('captures an upsert as an update of what differs', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    const upsert = (name: string): string =>
      `${insertInventory('i1')} ON CONFLICT (id) DO UPDATE SET name = '${name}'`;
    await slave.app.exec(upsert('Coffee'));
    await slave.app.exec(upsert('Coffee'));
    await slave.app.exec(
      `${insertInventory('other', 'sku-i1')} ON CONFLICT (sku) DO UPDATE SET location = 'A1'`,
    );
    await slave.app.exec(`${insertInventory('i1')} ON CONFLICT DO NOTHING`);
    expect(briefly(await slave.entries())).toEqual([
      'create i1',
      'update i1 name',
      'update i1 location',
    ]);
  });

  it('captures INSERT OR REPLACE of the same row as an update', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app
      .exec(`REPLACE INTO inventories (id, sku, name, quantity, unit_price, created_at, updated_at)
      VALUES ('i1', 'sku-i1', 'Tea', 9, 2.5, '2026-01-01 00:00:00', '2026-01-01 00:00:00')`);
    await slave.app.exec(insertInventory('i1', 'sku-i1', 'INSERT OR IGNORE'));
    const entries = await slave.entries();
    expect(briefly(entries)).toEqual(['create i1', 'update i1 quantity']);
    expect(entries[1]).toMatchObject({ deltas: { quantity: 4 }, before: { row: { quantity: 5 } } });
  });

  it('leaves INSERT OR REPLACE out that changes nothing', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i1', 'sku-i1', 'INSERT OR REPLACE'));
    expect(briefly(await slave.entries())).toEqual(['create i1']);
  });

  it('captures rows that INSERT OR REPLACE pushes aside, before the row that takes their place', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i2'));
    await slave.app.exec(insertInventory('i2', 'sku-i1', 'INSERT OR REPLACE'));
    expect(briefly(await slave.entries()).slice(2)).toEqual(['delete i1', 'update i2 sku']);
    await slave.app.exec(insertInventory('i3', 'sku-i1', 'INSERT OR REPLACE'));
    expect(briefly(await slave.entries()).slice(4)).toEqual(['delete i2', 'create i3']);
  });

  it('captures rows that INSERT OR REPLACE pushes aside with recursive triggers too', async () => {
    const slave = await makeSlave();
    await slave.app.exec('PRAGMA recursive_triggers = ON');
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i2', 'sku-i1', 'INSERT OR REPLACE'));
    await slave.app.exec(insertInventory('i2', 'sku-x', 'INSERT OR REPLACE'));
    expect(briefly(await slave.entries())).toEqual([
      'create i1',
      'delete i1',
      'create i2',
      'delete i2',
      'create i2',
    ]);
  });

  it('captures rows that UPDATE OR REPLACE pushes aside', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i2'));
    await slave.app.exec(`UPDATE OR REPLACE inventories SET sku = 'sku-i1' WHERE id = 'i2'`);
    expect(briefly(await slave.entries()).slice(2)).toEqual(['delete i1', 'update i2 sku']);
  });

  it('leaves ignored rows out, also when their key is used later', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i2', 'sku-i1', 'INSERT OR IGNORE'));
    await slave.app.exec(insertInventory('i1', 'sku-x', 'INSERT OR IGNORE'));
    await slave.app.exec(`DELETE FROM inventories`);
    await slave.app.exec(insertInventory('i2', 'sku-i1'));
    await slave.app.exec(insertInventory('i1', 'sku-x'));
    expect(briefly(await slave.entries())).toEqual([
      'create i1',
      'delete i1',
      'create i2',
      'create i1',
    ]);
  });

  it('keeps the notes about replaced rows few', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    for (let index = 0; index < 200; index += 1) {
      await slave.app.exec(insertInventory(`x${index}`, 'sku-i1', 'INSERT OR IGNORE'));
    }
    const [row] = await slave.app.all<{ n: number }>('SELECT count(*) AS n FROM sync_replaced');
    expect(row?.n).toBeLessThan(40);
  });

  it('captures a changed key as a deleted row and a new one', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(`UPDATE inventories SET id = 'I1' WHERE id = 'i1'`);
    const entries = await slave.entries();
    expect(briefly(entries)).toEqual(['create i1', 'delete i1', 'create I1']);
    expect(entries[2]?.after).toMatchObject({ ok: true, row: { id: 'I1', sku: 'sku-i1' } });
  });

  it('captures bulk statements row by row', async () => {
    const slave = await makeSlave();
    await slave.app
      .exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      INSERT INTO inventories (id, sku, name, quantity, unit_price) SELECT 'b' || i, 's' || i, 'Bulk', i, 1 FROM n`);
    await slave.app.exec('UPDATE inventories SET quantity = quantity + 1');
    await slave.app.exec('DELETE FROM inventories');
    const entries = await slave.entries();
    expect(entries).toHaveLength(1500);
    expect(
      entries
        .filter(({ action }) => action === 'update')
        .every(({ deltas }) => deltas['quantity'] === 1),
    ).toBe(true);
  });

  it('P1 rolls back with the transaction and with the savepoint', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`BEGIN; ${insertInventory('i1')}; ROLLBACK`);
    expect(await slave.entries()).toEqual([]);
    await slave.app.exec(`BEGIN; ${insertInventory('i1')}; SAVEPOINT a; ${insertInventory('i2')};
      ROLLBACK TO a; RELEASE a; ${insertInventory('i3')}; COMMIT`);
    expect(briefly(await slave.entries())).toEqual(['create i1', 'create i3']);
  });

  it('captures what foreign keys cascade to', async () => {
    const parents = defineTable({ name: 'parents', columns: { id: key(), name: text() } });
    const children = defineTable({
      name: 'children',
      columns: { id: key(), parent_id: text({ nullable: true }) },
    });
    const file = (await makeSlave([])).file;
    const slave = await (async () => {
      const first = await makeSlave([], file);
      await first.app.exec(`CREATE TABLE parents (id TEXT PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE children (id TEXT PRIMARY KEY, parent_id TEXT REFERENCES parents (id) ON DELETE CASCADE ON UPDATE SET NULL)`);
      return makeSlave([parents, children], file);
    })();
    await slave.app
      .exec(`PRAGMA foreign_keys = ON; INSERT INTO parents VALUES ('p', 'P'), ('q', 'Q');
      INSERT INTO children VALUES ('c', 'p'), ('d', 'q')`);
    await slave.app.exec(
      `DELETE FROM parents WHERE id = 'p'; UPDATE parents SET id = 'r' WHERE id = 'q'`,
    );
    const seen = briefly(await slave.entries()).slice(4);
    expect(seen.toSorted()).toEqual(
      ['create r', 'delete c', 'delete p', 'delete q', 'update d parent_id'].toSorted(),
    );
  });

  it('MERGE4 marks what was counted', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.app
      .exec(`BEGIN; UPDATE sync_context SET counting = 1; UPDATE inventories SET quantity = 40;
      UPDATE sync_context SET counting = 0; COMMIT; UPDATE inventories SET quantity = quantity - 1`);
    const entries = await slave.entries();
    expect(entries.map(({ counted }) => counted)).toEqual([false, true, false]);
    expect(entries[2]?.deltas).toEqual({ quantity: -1 });
  });

  it('MERGE1 notes the position that the writer knew', async () => {
    const slave = await makeSlave();
    await slave.store.write((tx) => tx.patchState({ position: 17 }));
    await slave.app.exec(insertInventory('i1'));
    expect((await slave.entries())[0]?.basePosition).toBe(17);
  });

  it('P1 captures what another process writes, and what it wrote before it was killed', async () => {
    const slave = await makeSlave();
    const driver = JSON.stringify(import.meta.resolve('sqlite3'));
    const script = `import sqlite3 from ${driver};
      const db = new sqlite3.Database(process.argv[1]);
      db.configure('busyTimeout', 10000);
      db.exec(\`${insertInventory('foreign')}; BEGIN; ${insertInventory('lost')};\`, () => process.kill(process.pid, 'SIGKILL'));`;
    const run = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      slave.file,
    ]);
    await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(briefly(await slave.entries())).toEqual(['create foreign']);
    const [check] = await slave.app.all<{ integrity_check: string }>('PRAGMA integrity_check');
    expect(check?.integrity_check).toBe('ok');
  });

  it('takes writes of two processes at once, each exactly once', async () => {
    const slave = await makeSlave();
    const driver = JSON.stringify(import.meta.resolve('sqlite3'));
    const script = `import sqlite3 from ${driver};
      const db = new sqlite3.Database(process.argv[1]);
      db.configure('busyTimeout', 20000);
      const next = (n) => n === 60 ? db.close() : db.run("INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES (?1, ?1, 'x', 1, 1)",
        [process.argv[2] + n], (error) => { if (error) throw error; next(n + 1); });
      next(0);`;
    const run = (name: string) =>
      promisify(execFile)(process.execPath, [
        '--input-type=module',
        '-e',
        script,
        slave.file,
        name,
      ]);
    const mine = async (): Promise<void> => {
      for (let index = 0; index < 60; index += 1) {
        await slave.store.write((tx) => tx.patchState({ retryCount: index }));
      }
    };
    await Promise.all([run('a'), run('b'), mine()]);
    const entries = await slave.entries();
    expect(entries).toHaveLength(120);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(120);
    expect(entries.map(({ operation }) => operation)).toEqual(entries.map((_, index) => index + 1));
  });
});

describe('values that do not belong into a column', () => {
  const things = defineTable({
    name: 'things',
    columns: {
      id: key(),
      label: text({ nullable: true }),
      amount: integer({ counter: true, default: 0 }),
      price: decimal(14, 4, { nullable: true }),
      active: boolean({ nullable: true }),
      extra: json({ nullable: true }),
      picture: blob({ nullable: true }),
    },
  });

  const write = async (columns: string, values: string) => {
    const slave = await makeSlave([things]);
    await slave.app.exec(`INSERT INTO things (id, ${columns}) VALUES ('t', ${values})`);
    const [entry] = await slave.entries();
    return entry?.after;
  };

  it.each([
    ['a blob in a text column', 'label', `x'0102'`, 'value_type'],
    ['text that is no UTF-8', 'label', `CAST(x'61ff' AS TEXT)`, 'text_invalid_unicode'],
    ['NUL within text', 'label', `CAST(x'610062' AS TEXT)`, 'text_nul'],
    ['a fraction in an integer column', 'amount', '1.5', 'value_type'],
    ['text in an integer column', 'amount', `'many'`, 'value_type'],
    ['a blob in an integer column', 'amount', `x'35'`, 'value_type'],
    ['infinity in a decimal column', 'price', '9e999', 'value_type'],
    ['a huge number in a decimal column', 'price', '1e300', 'value_out_of_range'],
    ['too many decimals', 'price', '0.123456', 'value_not_exact'],
    ['a blob in a decimal column', 'price', `x'35'`, 'value_type'],
    ['a number in a boolean column', 'active', '2', 'value_type'],
    ['a blob in a JSON column', 'extra', `x'7b7d'`, 'json_invalid'],
    ['broken JSON', 'extra', `'{'`, 'json_invalid'],
    ['a number in a blob column', 'picture', '1234', 'blob_invalid'],
  ])(
    'P13 refuses %s for its row and lets the statement pass',
    async (_name, column, value, code) => {
      expect(await write(column, value)).toMatchObject({ ok: false, code, column });
    },
  );

  it.each([
    ['integers beyond 2^53', 'amount', '9007199254740993', '9007199254740993'],
    ['the smallest integer', 'amount', '-9223372036854775808', '-9223372036854775808'],
    ['the replacement character itself', 'label', `'a\uFFFDb'`, 'a\uFFFDb'],
    ['quotes, controls and emoji', 'label', `'"\\ ' || char(9, 10, 128512)`, '"\\ \t\n\u{1F600}'],
    ['decimals', 'price', '0.1', '0.1000'],
    ['the largest exact decimal', 'price', '9999999999.9999', '9999999999.9999'],
    ['whole numbers in decimal columns', 'price', '12', '12.0000'],
    ['booleans', 'active', 'true', true],
    ['JSON text as it is', 'extra', `'{"b": 1.50, "a": []}'`, '{"b": 1.50, "a": []}'],
    ['bytes', 'picture', `x'00ff'`, 'AP8='],
    ['bytes bound as text', 'picture', `'abc'`, 'YWJj'],
    ['nothing', 'picture', 'NULL', null],
  ])('P13 carries %s exactly', async (_name, column, value, expected) => {
    const after = await write(column, value);
    expect(after).toMatchObject({ ok: true, row: { [column]: expected } });
  });

  it('stores missing numbers as NULL, as SQLite does with NaN', async () => {
    expect(await write('price', '9e999 - 9e999')).toMatchObject({ ok: true, row: { price: null } });
  });

  it.each([
    ['bytes', `x'01'`, 'value_type'],
    ['empty text', `''`, 'key_invalid'],
  ])('lets rows pass whose key is %s', async (_name, id, code) => {
    const slave = await makeSlave([things]);
    await slave.app.exec(`INSERT INTO things (id, label) VALUES (${id}, 'x')`);
    await slave.app.exec(
      `UPDATE things SET label = 'y'; REPLACE INTO things (id, label) VALUES (${id}, 'z'); DELETE FROM things`,
    );
    expect((await slave.entries())[0]?.after).toMatchObject({ ok: false, code });
  });

  it('computes movements of counters exactly beyond 2^53', async () => {
    const slave = await makeSlave([things]);
    await slave.app.exec(`INSERT INTO things (id, amount) VALUES ('t', 9007199254740993)`);
    await slave.app.exec('UPDATE things SET amount = amount + 9007199254740993');
    await slave.app.exec('UPDATE things SET amount = -9223372036854775807');
    const [, up, down] = await slave.entries();
    expect(up?.deltas).toEqual({ amount: '9007199254740993' });
    // Beyond 64 bits: no amount can be carried.
    expect(down?.deltas).toEqual({});
  });

  it('sees that text differs only after a NUL character', async () => {
    const slave = await makeSlave([things]);
    await slave.app.exec(`INSERT INTO things (id, label) VALUES ('t', CAST(x'610062' AS TEXT))`);
    await slave.app.exec(`REPLACE INTO things (id, label) VALUES ('t', CAST(x'610063' AS TEXT))`);
    await slave.app.exec(`UPDATE things SET label = CAST(x'610064' AS TEXT)`);
    expect(briefly(await slave.entries())).toEqual([
      'create t',
      'update t label',
      'update t label',
    ]);
  });
});
