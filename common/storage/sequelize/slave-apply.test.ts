import { describe, expect, it } from 'vitest';
import { defineTable, integer, key, text } from '../../core/table-definition.ts';
import type { RowState } from '../slave-store.ts';
import {
  anInventory,
  briefly,
  insertInventory,
  makeSlave,
  type TestSlave,
} from './slave-store.testkit.ts';

const state = (
  id: string,
  overrides: Readonly<Record<string, string | number | null>> = {},
): RowState => ({
  table: 'inventories',
  id,
  row: anInventory({ id, ...overrides }),
});
const gone = (id: string): RowState => ({ table: 'inventories', id, row: null });
const apply = (slave: TestSlave, rows: readonly RowState[]) =>
  slave.store.write((tx) => tx.applyRows(rows));
const skus = async (slave: TestSlave): Promise<unknown> =>
  Object.fromEntries(
    (
      await slave.app.all<{ id: string; sku: string }>(
        'SELECT id, sku FROM inventories ORDER BY id',
      )
    ).map(({ id, sku }) => [id, sku]),
  );

describe('applyRows', () => {
  it('makes rows true without capturing them, and reads them back as they were', async () => {
    const slave = await makeSlave();
    const rows = [
      state('i1', { quantity: '9007199254740993', unit_price: '0.1000', name: 'Ä \u{1F600} "\'' }),
      state('i2', { description: '', location: 'A' }),
    ];
    expect(await apply(slave, rows)).toEqual([]);
    expect(await slave.entries()).toEqual([]);
    const read = await slave.store.read((tx) => tx.rows('inventories', ['i1', 'i2', 'none']));
    expect([...read]).toEqual(rows.map(({ id, row }) => [id, { ok: true, row }]));
    expect(await apply(slave, [state('i1', { name: 'New' }), gone('i2'), gone('none')])).toEqual(
      [],
    );
    expect(await slave.entries()).toEqual([]);
    expect(await skus(slave)).toEqual({ i1: 'sku-i1' });
    await slave.app.exec(`UPDATE inventories SET name = 'Mine'`);
    expect(briefly(await slave.entries())).toEqual(['update i1 name']);
  });

  it('takes rows before the rows they refer to', async () => {
    const slave = await makeSlave();
    const adjustment = {
      id: 'a',
      inventory_id: 'later',
      quantity_change: 1,
      reason: 'count',
      adjusted_by: null,
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    };
    expect(
      await apply(slave, [{ table: 'inventory_adjustments', id: 'a', row: adjustment }]),
    ).toEqual([]);
    expect(await apply(slave, [state('later')])).toEqual([]);
    expect(await apply(slave, [gone('later')])).toEqual([]);
    expect(await slave.app.all('PRAGMA foreign_key_check')).toHaveLength(1);
  });

  it('exchanges unique values between rows', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a'), state('b'), state('c')]);
    const round = [
      state('a', { sku: 'sku-b' }),
      state('b', { sku: 'sku-c' }),
      state('c', { sku: 'sku-a' }),
    ];
    expect(await apply(slave, round)).toEqual([]);
    expect(await skus(slave)).toEqual({ a: 'sku-b', b: 'sku-c', c: 'sku-a' });
    expect(await slave.entries()).toEqual([]);
  });

  it('P6 names the rows that the database refuses, and the rest stands', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('mine', 'taken'));
    await slave.app.exec(`CREATE TRIGGER app_rule BEFORE INSERT ON inventories WHEN NEW.name = 'Bad'
      BEGIN SELECT RAISE(ABORT, 'no bad names'); END`);
    const rows = Array.from({ length: 200 }, (_, index) => state(`r${index}`));
    rows[50] = state('r50', { sku: 'taken' });
    rows[120] = state('r120', { name: 'Bad' });
    const failures = await apply(slave, rows);
    expect(failures.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      { table: 'inventories', id: 'r120', code: 'row_constraint', detail: 'no bad names' },
      { table: 'inventories', id: 'r50', code: 'row_unique', detail: 'inventories.sku' },
    ]);
    const [count] = await slave.app.all<{ n: number }>('SELECT count(*) AS n FROM inventories');
    expect(count?.n).toBe(199);
    const way = await slave.store.read((tx) =>
      tx.rowsInTheWay('inventories', anInventory({ id: 'r50', sku: 'taken' })),
    );
    expect(way).toEqual(['mine']);
  });

  it('exchanges unique values although another row of the same page is refused', async () => {
    const slave = await makeSlave();
    const ids = Array.from({ length: 64 }, (_, index) => `r${String(index).padStart(2, '0')}`);
    await apply(slave, [...ids.map((id) => state(id)), state('z', { sku: 'taken' })]);
    // Every row takes the value of the row half the page away, so that no half of the page can be written alone.
    const moved = ids.map((id, index) => state(id, { sku: `sku-${ids[(index + 32) % 64] ?? ''}` }));
    const failures = await apply(slave, [...moved, state('bad', { sku: 'taken' })]);
    expect(failures).toEqual([
      { table: 'inventories', id: 'bad', code: 'row_unique', detail: 'inventories.sku' },
    ]);
    expect(await skus(slave)).toMatchObject({
      r00: 'sku-r32',
      r32: 'sku-r00',
      r63: 'sku-r31',
      z: 'taken',
    });
  });

  it('refuses a row whose place in an exchange depends on a refused one, and no other', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a'), state('b'), state('z', { sku: 'taken' })]);
    const failures = await apply(slave, [
      state('a', { sku: 'taken' }),
      state('b', { sku: 'sku-a' }),
      state('c'),
    ]);
    expect(failures.map(({ id }) => id).toSorted()).toEqual(['a', 'b']);
    expect(await skus(slave)).toEqual({ a: 'sku-a', b: 'sku-b', c: 'sku-c', z: 'taken' });
  });

  it('frees the value of a deleted row for another row of the same page', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a')]);
    expect(await apply(slave, [state('b', { sku: 'sku-a' }), gone('a')])).toEqual([]);
    expect(await skus(slave)).toEqual({ b: 'sku-a' });
  });

  it('takes the last of several states of one row', async () => {
    const slave = await makeSlave();
    expect(await apply(slave, [state('a'), gone('a'), state('a', { sku: 'last' })])).toEqual([]);
    expect(await skus(slave)).toEqual({ a: 'last' });
  });

  it("updates rows of an application's table with columns of its own, and keeps those", async () => {
    const things = defineTable({
      name: 'things',
      columns: { id: key(), label: text({ unique: true }), n: integer() },
    });
    const first = await makeSlave([]);
    await first.app
      .exec(`CREATE TABLE things (id TEXT PRIMARY KEY, own TEXT NOT NULL, label TEXT NOT NULL UNIQUE, n INT NOT NULL);
      INSERT INTO things VALUES ('a', 'own a', 'A', 1), ('b', 'own b', 'B', 2)`);
    const slave = await makeSlave([things], first.file);
    const thing = (id: string, label: string): RowState => ({
      table: 'things',
      id,
      row: { id, label, n: 7 },
    });
    const failures = await apply(slave, [thing('a', 'B'), thing('b', 'A'), thing('c', 'C')]);
    expect(failures).toEqual([
      { table: 'things', id: 'c', code: 'row_not_null', detail: 'things.own' },
    ]);
    expect(await slave.app.all('SELECT * FROM things ORDER BY id')).toEqual([
      { id: 'a', own: 'own a', label: 'B', n: 7 },
      { id: 'b', own: 'own b', label: 'A', n: 7 },
    ]);
  });

  it('P5 leaves nothing of a transaction that fails, the tag included', async () => {
    const slave = await makeSlave();
    const broken = slave.store.write(async (tx) => {
      await tx.applyRows([state('a')]);
      throw new Error('stopped');
    });
    await expect(broken).rejects.toThrow('stopped');
    const rolledBack = slave.store.write(async (tx) => {
      await tx.applyRows([state('a')]);
      await tx.applyRows([{ table: 'nowhere', id: 'a', row: null }]);
      await tx.patchState({ incarnation: null as never });
    });
    await expect(rolledBack).rejects.toMatchObject({ code: 'row_not_null' });
    expect(await skus(slave)).toEqual({});
    await slave.app.exec(insertInventory('i1'));
    expect(briefly(await slave.entries())).toEqual(['create i1']);
  });

  it('stops whole when the application ends the transaction itself', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`CREATE TRIGGER app_rule BEFORE INSERT ON inventories WHEN NEW.name = 'Bad'
      BEGIN SELECT RAISE(ROLLBACK, 'everything goes'); END`);
    const written = slave.store.write(async (tx) => {
      await tx.patchState({ position: 5 });
      await tx.applyRows([state('a'), state('b', { name: 'Bad' })]);
    });
    await expect(written).rejects.toThrow();
    expect(await skus(slave)).toEqual({});
    expect((await slave.store.read((tx) => tx.state())).position).toBe(0);
  });

  it('writes more than one statement takes', async () => {
    const slave = await makeSlave();
    const rows = Array.from({ length: 12_000 }, (_, index) => state(`r${index}`));
    expect(await apply(slave, rows)).toEqual([]);
    expect((await slave.store.read((tx) => tx.tableCounts()))[0]).toMatchObject({
      rows: 12_000,
      pending: 0,
    });
  });
});

describe('key ranges', () => {
  it('delete what is gone at the master, and keep unsent and rejected work', async () => {
    const slave = await makeSlave();
    await apply(
      slave,
      ['a', 'b', 'c', 'd', 'e', 'f', 'B'].map((id) => state(id)),
    );
    await slave.app.exec(`UPDATE inventories SET name = 'Mine' WHERE id = 'c'`);
    await slave.store.write(async (tx) => {
      await tx.addRejected([
        {
          direction: 'up',
          table: 'inventories',
          id: 'd',
          action: 'update',
          columns: [],
          row: null,
          before: null,
          deltas: {},
          counted: false,
          basePosition: 0,
          capturedAt: '2026-01-01T00:00:00.000Z',
          code: 'row_unique',
          detail: '',
          attempts: 1,
          triedAtProgress: 0,
          firstRejectedAt: '2026-01-01T00:00:00.000Z',
          lastRejectedAt: '2026-01-01T00:00:00.000Z',
          operation: 1,
          version: null,
        },
      ]);
      expect(await tx.idsInRange('inventories', null, null, [])).toEqual(['B', 'a', 'b', 'e', 'f']);
      expect(await tx.idsInRange('inventories', 'a', 'e', ['b'])).toEqual(['e']);
      expect(await tx.deleteRange('inventories', 'a', 'e', ['b'])).toBe(1);
      expect(await tx.deleteRange('inventories', 'e', null, [])).toBe(1);
      expect(await tx.deleteRange('inventories', null, 'a', [])).toBe(2);
    });
    expect(Object.keys((await skus(slave)) as object)).toEqual(['b', 'c', 'd']);
    expect(briefly(await slave.entries())).toEqual(['update c name']);
  });

  it('keep a row that the application does not let go', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a'), state('b')]);
    await slave.app.exec(`CREATE TRIGGER app_rule BEFORE DELETE ON inventories WHEN OLD.id = 'a'
      BEGIN SELECT RAISE(ABORT, 'keep'); END`);
    expect(await slave.store.write((tx) => tx.deleteRange('inventories', null, null, []))).toBe(1);
    expect(Object.keys((await skus(slave)) as object)).toEqual(['a']);
  });

  it('page through rows in binary order, those left out whose key is no text', async () => {
    const slave = await makeSlave();
    await apply(
      slave,
      ['b', 'A', 'a', 'Z', 'é', '~'].map((id) => state(id)),
    );
    await slave.app.exec(`INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES
      (CAST(x'ff' AS TEXT), 'bad', 'x', 1, 1), (CAST(x'41ff' AS TEXT), 'bad2', 'x', 1, 1), (x'01', 'blob', 'x', 1, 1)`);
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const page = await slave.store.read((tx) => tx.rowPage('inventories', after, 2));
      if (page.length === 0) break;
      expect(page.every(({ row }) => row.ok)).toBe(true);
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1)?.id ?? null;
    }
    expect(seen).toEqual(['A', 'Z', 'a', 'b', '~', 'é']);
  });

  it('P13 tell rows apart whose stored text is no UTF-8', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a', { name: 'fine \uFFFD' }), state('b')]);
    await slave.app.exec(`UPDATE inventories SET name = CAST(x'c3' AS TEXT) WHERE id = 'b'`);
    const rows = await slave.store.read((tx) => tx.rows('inventories', ['a', 'b']));
    expect(rows.get('a')).toMatchObject({ ok: true, row: { name: 'fine \uFFFD' } });
    expect(rows.get('b')).toMatchObject({
      ok: false,
      code: 'text_invalid_unicode',
      column: 'name',
    });
  });
});

describe('writeCaptured', () => {
  const sale = (id: string, inventory: string): RowState => ({
    table: 'transactions',
    id,
    row: {
      id,
      inventory_id: inventory,
      type: 'sale',
      quantity: 1,
      unit_price: '1.0000',
      total: '1.0000',
      reference: null,
      occurred_at: '2026-01-01T00:00:00.000Z',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    },
  });

  it('is captured as local work, parents first', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('old')]);
    await slave.store.write((tx) =>
      tx.writeCaptured([sale('t', 'new'), state('new'), state('old', { name: 'Mine' })]),
    );
    expect(briefly(await slave.entries())).toEqual(['create new', 'update old name', 'create t']);
    await slave.store.write((tx) =>
      tx.writeCaptured([gone('new'), { ...sale('t', 'new'), row: null }]),
    );
    expect(briefly(await slave.entries()).slice(3)).toEqual(['delete t', 'delete new']);
  });

  it('is written whole or not at all', async () => {
    const slave = await makeSlave();
    await apply(slave, [state('a'), state('b')]);
    await slave.store.write(async (tx) => {
      await tx.writeCaptured([sale('t', 'a')]);
      await expect(tx.writeCaptured([state('c'), sale('u', 'nobody')])).rejects.toMatchObject({
        code: 'row_foreign_key',
      });
      await expect(tx.writeCaptured([gone('a')])).rejects.toMatchObject({
        code: 'row_foreign_key',
      });
      await expect(
        tx.writeCaptured([state('c'), state('d', { sku: 'sku-a' })]),
      ).rejects.toMatchObject({ code: 'row_unique' });
      await expect(
        tx.writeCaptured([{ ...state('c'), row: { ...anInventory({ id: 'c' }), name: null } }]),
      ).rejects.toMatchObject({
        code: 'row_not_null',
      });
      await tx.writeCaptured([state('b', { name: 'Mine' })]);
    });
    expect(Object.keys((await skus(slave)) as object)).toEqual(['a', 'b']);
    expect(briefly(await slave.entries())).toEqual(['create t', 'update b name']);
  });
});
