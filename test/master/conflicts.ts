import { expect, test } from 'vitest';
import type { Conflict } from '../../common/core/read-conflict.ts';
import type { DownloadRecord } from '../../common/protocol/download.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { acceptUpload } from '../../master/sync/accept-upload.ts';
import { listConflicts, resolveConflict, showConflict } from '../../master/sync/conflicts.ts';
import {
  batchOf,
  countOf,
  createItem,
  createSale,
  deleteOf,
  moveItem,
  openSecondMaster,
  openTestMaster,
  plain,
  rowOf,
  slaveNamed,
  updateOf,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

/** Decisions about conflicts taken on a master, on either database (rule MERGE7); call it within a `describe`. */
export function conflictsSuite(createDatabase: CreateDatabase): void {
  /** Slave A named item i1 "from A" and slave B, not knowing it, "from B"; A has the later time. */
  const open = async (): Promise<TestMaster> => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await nameItem(master, 'i1', 'from A', 'from B');
    return master;
  };
  const only = async (master: TestMaster): Promise<Conflict> => {
    const [conflict, ...others] = await listConflicts(master.deps, {});
    if (conflict === undefined || others.length > 0) throw new Error('it is not one conflict');
    return conflict;
  };
  const item = (master: TestMaster, id = 'i1'): ReturnType<typeof rowOf> =>
    rowOf(master.other, 'inventories', id);

  test('lists conflicts, newest first, by state and by table', async () => {
    const master = await open();
    await master.upload(A, batchOf(3, [createItem('i2')]));
    master.clock.advance(60_000);
    await nameItem(master, 'i2', 'second A', 'second B', 4);
    const ids = async (filter: Parameters<typeof listConflicts>[1]): Promise<readonly string[]> =>
      (await listConflicts(master.deps, filter)).map(({ recordId }) => recordId);
    expect(await ids({})).toEqual(['i2', 'i1']);
    expect(await ids({ limit: 1 })).toEqual(['i2']);
    expect(await ids({ state: 'settled', table: 'inventories' })).toEqual(['i2', 'i1']);
    expect(await ids({ state: 'open' })).toEqual([]);
    expect(await ids({ table: 'transactions' })).toEqual([]);
  });

  test('P18 shows both sides and the row as it is now', async () => {
    const master = await open();
    const { id } = await only(master);
    expect(await showConflict(master.deps, id)).toMatchObject({
      columns: ['name'],
      base: { name: 'name i1' },
      master: { name: 'from A' },
      incoming: { name: 'from B' },
      state: 'settled',
      current: { name: 'from A', quantity: 10 },
    });
    await expect(showConflict(master.deps, 'none')).rejects.toMatchObject({
      code: 'data_not_found',
    });
  });

  test('MERGE7 P18 a decision is one change of the row and of the conflict, for every slave', async () => {
    const master = await open();
    const { id } = await only(master);
    await master.upload(B, batchOf(2, [moveItem('i1', -3)]));
    const cursor = await master.headCursor();
    const head = await master.head();
    master.clock.advance(1000);
    const shown = await resolveConflict(master.deps, id, { take: 'incoming' }, 'anna');
    expect(shown).toMatchObject({
      state: 'resolved',
      resolution: '{"take":"incoming"}',
      resolvedBy: 'anna',
      current: { name: 'from B', quantity: 7 },
    });
    for (const slave of [A, B]) {
      const { records } = await master.download(slave, { cursor });
      expect(brief(records)).toEqual([
        { key: 'inventories/i1', name: 'from B', quantity: 7 },
        { key: `sync_conflicts/${id}`, state: 'resolved', by: 'anna' },
      ]);
      const positions = records.map(({ version }) => Number(version)).toSorted((a, b) => a - b);
      expect(positions).toEqual([head + 1, head + 2]);
    }
    const noted = await master.other.all<{ origin: string; changed_at: string }>(
      `SELECT DISTINCT origin, changed_at FROM sync_changes WHERE position > ${head}`,
    );
    expect(noted).toEqual([{ origin: '', changed_at: master.clock.nowIso() }]);
  });

  test('MERGE2 a decision meets a late change of a slave like any other change', async () => {
    const master = await open();
    const { id } = await only(master);
    const base = await master.head();
    await resolveConflict(master.deps, id, { set: { name: 'decided' } }, 'anna');
    await master.upload(B, batchOf(2, [moveItem('i1', -3, { base_version: base })]));
    const late = { base_version: base, changed_at: '2026-01-01T00:00:00.000Z' };
    await master.upload(B, batchOf(3, [updateOf('inventories', 'i1', { name: 'late' }, late)]));
    expect(await item(master)).toMatchObject({ name: 'decided' });
    expect(Number((await item(master))?.['quantity'])).toBe(7);
    const [loser] = await listConflicts(master.deps, { state: 'settled' });
    expect(loser).toMatchObject({ outcome: 'master', incoming: { name: 'late' } });
  });

  test('P18 a deleted row comes back, and goes again', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.upload(B, batchOf(1, [moveItem('i1', 1, { base_version: 1 })]));
    await master.upload(A, batchOf(2, [deleteOf('inventories', 'i1', { base_version: 1 })]));
    const { id, columns } = await only(master);
    expect(columns).toEqual([]);
    await resolveConflict(master.deps, id, { take: 'incoming' }, 'anna');
    expect(await item(master)).toBeUndefined();
    expect((await showConflict(master.deps, id)).current).toBeNull();
    await resolveConflict(master.deps, id, { take: 'master' }, 'bob');
    expect(await item(master)).toMatchObject({ name: 'name i1' });
    expect(Number((await item(master))?.['quantity'])).toBe(11);
    expect(await showConflict(master.deps, id)).toMatchObject({ resolvedBy: 'bob' });
  });

  test('P2 moves of the stock that arrive meanwhile are not lost', async () => {
    const master = await open();
    const { id } = await only(master);
    const second = await openSecondMaster(master);
    const moves = [1, 2, 3, 4, 5].map((amount) =>
      acceptUpload(second, plain, { records: [moveItem('i1', -amount)] }),
    );
    const decisions = ['anna', 'bob'].map((by) =>
      resolveConflict(master.deps, id, { set: { name: by } }, by),
    );
    await Promise.all([...moves, ...decisions]);
    const row = await item(master);
    expect(Number(row?.['quantity'])).toBe(-5);
    expect(row?.['name']).toBe((await only(master)).resolvedBy);
  });

  test('P13 a row that cannot be read exactly is not overwritten', async () => {
    const master = await open();
    const { id } = await only(master);
    await master.other.run("UPDATE inventories SET created_at = 'infinity' WHERE id = 'i1'");
    expect((await showConflict(master.deps, id)).current).toBeNull();
    await expect(
      resolveConflict(master.deps, id, { take: 'incoming' }, 'anna'),
    ).rejects.toMatchObject({ code: 'date_invalid' });
    expect(await item(master)).toMatchObject({ name: 'from A' });
    expect((await only(master)).state).toBe('settled');
  });

  test('changes nothing when a value does not fit, or the database refuses the row', async () => {
    const master = await open();
    const { id } = await only(master);
    await master.upload(A, batchOf(3, [createItem('i2'), createSale('s1', 'i1')]));
    const head = await master.head();
    const refused = async (decision: Parameters<typeof resolveConflict>[2]): Promise<unknown> =>
      resolveConflict(master.deps, id, decision, 'anna').then(
        () => 'not refused',
        (error: { readonly code?: unknown }) => error.code,
      );
    expect(await refused({ set: { quantity: 'many' } })).toBe('value_type');
    expect(await refused({ set: { colour: 'red' } })).toBe('column_unknown');
    expect(await refused({ set: { sku: 'sku-i2' } })).toBe('row_unique');
    expect(await master.head()).toBe(head);
    expect(await only(master)).toMatchObject({ state: 'settled', resolvedBy: null });
    expect(await countOf(master.other, 'inventories')).toBe(2);
  });
}

/** Two slaves name an item without knowing of each other; A's time is the later one. */
async function nameItem(
  master: TestMaster,
  id: string,
  byA: string,
  byB: string,
  firstOfA = 2,
): Promise<void> {
  const base = await master.head();
  const at = (ms: number) => ({
    base_version: base,
    changed_at: new Date(Date.parse(master.clock.nowIso()) - ms).toISOString(),
  });
  const sentAt = { sent_at: master.clock.nowIso() };
  await master.upload(
    A,
    batchOf(firstOfA, [updateOf('inventories', id, { name: byA }, at(1000))], sentAt),
  );
  const first = firstOfA === 2 ? 1 : 2;
  await master.upload(
    B,
    batchOf(first, [updateOf('inventories', id, { name: byB }, at(2000))], sentAt),
  );
}

function brief(records: readonly DownloadRecord[]): readonly unknown[] {
  return records
    .map(({ table, id, data }) =>
      table === 'inventories'
        ? { key: `${table}/${id}`, name: data?.['name'], quantity: data?.['quantity'] }
        : { key: `${table}/${id}`, state: data?.['state'], by: data?.['resolved_by'] },
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
