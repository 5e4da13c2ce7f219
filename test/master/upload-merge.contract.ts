import { describe, expect, test } from 'vitest';
import type { UploadAnswer, UploadRecord } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import {
  notesLatest,
  notesManual,
  notesMaster,
  notesSlave,
} from '../../common/storage/contract/sample-tables.testkit.ts';
import {
  batchOf,
  createItem,
  createSale,
  deleteOf,
  moveItem,
  openTestMaster,
  rowOf,
  slaveNamed,
  statusesOf,
  updateOf,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

/** How changes of several sides come together; call it within a `describe`. */
export function uploadMergeSuite(createDatabase: CreateDatabase): void {
  describe('columns', () => columnTests(createDatabase));
  describe('policies', () => policyTests(createDatabase));
  describe('counters', () => counterTests(createDatabase));
  describe('update against delete', () => deleteTests(createDatabase));
  describe('times', () => timeTests(createDatabase));
}

interface Conflict {
  readonly table_name: string;
  readonly record_id: string;
  readonly slave: string;
  readonly columns: unknown;
  readonly base: string | null;
  readonly master: string | null;
  readonly incoming: string | null;
  readonly policy: string;
  readonly reason: string;
  readonly outcome: string;
  readonly state: string;
}

/** All recorded conflicts; JSON columns parsed, as either driver gives them. */
async function conflictsOf({
  other,
}: TestMaster): Promise<readonly Record<keyof Conflict, unknown>[]> {
  const rows = await other.all<Conflict>('SELECT * FROM sync_conflicts ORDER BY created_at, id');
  const parsed = (value: unknown): unknown =>
    typeof value === 'string' ? JSON.parse(value) : value;
  return rows.map((row) => ({
    ...row,
    columns: parsed(row.columns),
    base: parsed(row.base),
    master: parsed(row.master),
    incoming: parsed(row.incoming),
  }));
}

/** A master with item `i1`, made by A, whose every present position is 1. */
async function withItem(createDatabase: CreateDatabase): Promise<TestMaster> {
  const master = await openTestMaster(createDatabase);
  await master.upload(A, batchOf(1, [createItem('i1')]));
  return master;
}

const item = (data: Record<string, unknown>, rest: Partial<UploadRecord> = {}): UploadRecord =>
  updateOf('inventories', 'i1', data, { base_version: 1, ...rest });

function columnTests(createDatabase: CreateDatabase): void {
  test('MERGE2 scenario 3: different columns of one row merge without a conflict', async () => {
    const master = await withItem(createDatabase);
    await master.other.run("UPDATE inventories SET location = 'L' WHERE id = 'i1'");
    const answer = await master.upload(B, batchOf(1, [item({ name: 'b' })]));
    expect(answer.results).toMatchObject([
      { status: 'merged', version: 3, row: { name: 'b', location: 'L' } },
    ]);
    expect(await conflictsOf(master)).toEqual([]);
  });

  test('MERGE2 scenario 4: the same value on both sides is no conflict', async () => {
    const master = await withItem(createDatabase);
    await master.other.run("UPDATE inventories SET name = 'same' WHERE id = 'i1'");
    const answer = await master.upload(B, batchOf(1, [item({ name: 'same' })]));
    expect([answer.conflicts, statusesOf(answer)]).toEqual([0, ['merged']]);
  });

  test('MERGE1 own changes are not foreign, however old the base version is', async () => {
    const master = await withItem(createDatabase);
    for (const [op, name] of [
      [2, 'x'],
      [3, 'y'],
      [4, 'z'],
    ] as const) {
      expect(statusesOf(await master.upload(A, batchOf(op, [item({ name })])))).toEqual([
        'applied',
      ]);
    }
    expect(await conflictsOf(master)).toEqual([]);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'z' });
  });

  test('P18 MERGE7 a conflict is kept with base, both sides, policy and reason, and is sent to every slave', async () => {
    const master = await withItem(createDatabase);
    await master.upload(
      B,
      batchOf(1, [item({ name: 'b', location: 'LB' }, { changed_at: '2026-01-01T10:00:00.000Z' })]),
    );
    const answer = await master.upload(
      A,
      batchOf(2, [
        item({ name: 'a', description: 'd' }, { changed_at: '2026-01-01T11:00:00.000Z' }),
      ]),
    );
    expect(answer.results).toMatchObject([
      { status: 'conflict', row: { name: 'a', location: 'LB', description: 'd' } },
    ]);
    expect(answer.conflicts).toBe(1);
    const [conflict, ...more] = await conflictsOf(master);
    expect(more).toEqual([]);
    expect(conflict).toMatchObject({
      table_name: 'inventories',
      record_id: 'i1',
      slave: 'A',
      columns: ['name'],
      base: { name: 'name i1', location: null },
      master: { name: 'b', location: 'LB' },
      incoming: { name: 'a', description: 'd' },
      policy: 'latest',
      outcome: 'incoming',
      state: 'settled',
    });
    expect(String(conflict?.reason)).not.toBe('');
    for (const slave of [A, B]) {
      const page = await master.download(slave, {
        cursor: (await master.headCursor()).replace(/\d+$/, '2'),
      });
      expect(page.records.map(({ table }) => table).toSorted()).toEqual([
        'inventories',
        'sync_conflicts',
      ]);
    }
  });

  test('several changes of one row in one batch are merged one after the other', async () => {
    const master = await withItem(createDatabase);
    await master.upload(
      B,
      batchOf(1, [item({ location: 'LB' }, { changed_at: '2026-01-01T10:00:00.000Z' })]),
    );
    const answer = await master.upload(
      A,
      batchOf(2, [
        item({ name: 'a1' }, { changed_at: '2026-01-01T10:30:00.000Z' }),
        item({ location: 'LA' }, { changed_at: '2026-01-01T11:00:00.000Z' }),
        item({ name: 'a2' }, { changed_at: '2026-01-01T11:30:00.000Z' }),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['merged', 'conflict', 'merged']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({
      name: 'a2',
      location: 'LA',
    });
    expect((await conflictsOf(master)).length).toBe(1);
  });

  test('created_at and updated_at settle themselves without a record', async () => {
    const master = await withItem(createDatabase);
    await master.upload(B, batchOf(1, [item({ updated_at: '2026-03-01T00:00:00.000Z' })]));
    const answer = await master.upload(
      A,
      batchOf(2, [item({ updated_at: '2026-02-01T00:00:00.000Z' })]),
    );
    expect(answer.conflicts).toBe(0);
    const page = await master.download({ name: '', slave: null });
    expect(page.records[0]?.data?.['updated_at']).toBe('2026-03-01T00:00:00.000Z');
  });
}

function policyTests(createDatabase: CreateDatabase): void {
  const tables = [notesLatest, notesMaster, notesSlave, notesManual];
  const early = '2026-01-01T10:00:00.000Z';
  const late = '2026-01-01T11:00:00.000Z';

  async function collide(
    table: string,
    times: { readonly master: string; readonly incoming: string },
  ) {
    const master = await openTestMaster(createDatabase, { definitions: tables });
    await master.upload(
      A,
      batchOf(1, [{ table, id: 'n1', action: 'create', data: { body: 'base' } }]),
    );
    const change = (body: string, changed_at: string) =>
      updateOf(table, 'n1', { body }, { base_version: 1, changed_at });
    await master.upload(B, batchOf(1, [change('b', times.master)]));
    const answer = await master.upload(A, batchOf(2, [change('a', times.incoming)]));
    const row = await rowOf(master.other, table, 'n1');
    return {
      status: statusesOf(answer)[0],
      body: row?.['body'],
      conflicts: await conflictsOf(master),
    };
  }

  test.each([
    ['notes_latest', early, late, 'a', 'incoming', 'settled'],
    ['notes_latest', late, early, 'b', 'master', 'settled'],
    // Of the same moment the greater name wins, on every side.
    ['notes_latest', late, late, 'b', 'master', 'settled'],
    ['notes_master', early, late, 'b', 'master', 'settled'],
    ['notes_slave', late, early, 'a', 'incoming', 'settled'],
    ['notes_manual', early, late, 'b', 'master', 'open'],
  ])(
    'MERGE3 %s with the master at %s and the slave at %s: %s stands',
    async (table, at, incoming, body, outcome, state) => {
      const result = await collide(table, { master: at, incoming });
      expect([result.status, result.body]).toEqual(['conflict', body]);
      expect(result.conflicts).toMatchObject([
        { outcome, state, policy: table.slice('notes_'.length) },
      ]);
    },
  );
}

function counterTests(createDatabase: CreateDatabase): void {
  const quantity = async ({ other }: TestMaster): Promise<number> =>
    Number((await rowOf(other, 'inventories', 'i1'))?.['quantity']);

  test('MERGE4 scenario 5: -3 at A, -2 at B and +10 at the master add up', async () => {
    const master = await withItem(createDatabase);
    await master.other.run("UPDATE inventories SET quantity = quantity + 10 WHERE id = 'i1'");
    const a = await master.upload(A, batchOf(2, [moveItem('i1', -3, { base_version: 1 })]));
    const b = await master.upload(B, batchOf(1, [moveItem('i1', -2, { base_version: 1 })]));
    expect([...statusesOf(a), ...statusesOf(b)]).toEqual(['merged', 'merged']);
    expect(await quantity(master)).toBe(15);
    expect(await conflictsOf(master)).toEqual([]);
  });

  test('MERGE4 scenario 7: sales before a count do not disturb it, later ones reduce it', async () => {
    const master = await withItem(createDatabase);
    const at = (hour: number) => ({ base_version: 1, changed_at: `2026-01-01T${hour}:00:00.000Z` });
    await master.upload(A, batchOf(2, [item({ quantity: 50 }, at(12))]));
    await master.upload(B, batchOf(1, [moveItem('i1', -4, at(11)), moveItem('i1', -1, at(13))]));
    expect(await quantity(master)).toBe(49);
  });

  test('MERGE4 a count that arrives late is reduced by the sales after it, each counted once', async () => {
    const master = await withItem(createDatabase);
    const at = (hour: number) => ({ base_version: 1, changed_at: `2026-01-01T${hour}:00:00.000Z` });
    await master.upload(
      B,
      batchOf(1, [
        moveItem('i1', -4, at(11)),
        moveItem('i1', -1, at(13)),
        moveItem('i1', -2, at(14)),
      ]),
    );
    await master.upload(A, batchOf(2, [item({ quantity: 50 }, at(12))]));
    expect(await quantity(master)).toBe(47);
  });

  test('MERGE4 so it is when the sales of a batch had to be written one by one', async () => {
    const master = await withItem(createDatabase);
    await master.upload(A, batchOf(2, [createItem('i2')]));
    const at = (hour: number) => ({ base_version: 2, changed_at: `2026-01-01T${hour}:00:00.000Z` });
    const answer = await master.upload(
      B,
      batchOf(1, [
        moveItem('i1', -4, at(11)),
        moveItem('i1', -1, at(13)),
        moveItem('i1', -2, at(14)),
        item({ sku: 'sku-i2' }, at(15)),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['applied', 'applied', 'applied', 'row_unique']);
    await master.upload(A, batchOf(3, [item({ quantity: 50 }, at(12))]));
    expect(await quantity(master)).toBe(47);
  });

  test('P6 a movement that leaves the range of a counter is rejected alone', async () => {
    const master = await withItem(createDatabase);
    const answer = await master.upload(
      A,
      batchOf(2, [
        { ...moveItem('i1', 0), delta: { quantity: '9223372036854775807' }, base_version: 1 },
        moveItem('i1', -1, { base_version: 1 }),
        { ...moveItem('i1', 0), delta: { name: 1 } },
        { ...moveItem('i1', 0), delta: { quantity: 1.5 } },
      ]),
    );
    expect(statusesOf(answer)).toEqual([
      'value_out_of_range',
      'applied',
      'column_unknown',
      'value_type',
    ]);
    expect(await quantity(master)).toBe(9);
  });
}

function deleteTests(createDatabase: CreateDatabase): void {
  const removal = deleteOf('inventories', 'i1', { base_version: 1 });

  test('MERGE5 scenario 20: an update wins over a deletion at the master, on top of the last content', async () => {
    const master = await withItem(createDatabase);
    await master.other.run("UPDATE inventories SET location = 'L' WHERE id = 'i1'");
    await master.other.run("DELETE FROM inventories WHERE id = 'i1'");
    const answer = await master.upload(
      A,
      batchOf(2, [item({ name: 'kept' }), moveItem('i1', -3, { base_version: 1 })]),
    );
    expect(answer.results.map(({ status }) => status)).toEqual(['conflict', 'merged']);
    const row = await rowOf(master.other, 'inventories', 'i1');
    expect(row).toMatchObject({ name: 'kept', location: 'L' });
    expect(Number(row?.['quantity'])).toBe(7);
    const [conflict] = await conflictsOf(master);
    expect(conflict).toMatchObject({
      columns: [],
      base: { name: 'name i1' },
      master: null,
      incoming: { name: 'kept' },
      outcome: 'incoming',
    });
    const log = await master.other.all<{ generation: number }>(
      "SELECT generation FROM sync_changes WHERE row_id = 'i1' ORDER BY position",
    );
    expect(log.map(({ generation }) => generation)).toEqual([1, 1, 2, 3]);
  });

  test('MERGE5 a deletion that did not know of an update loses, and the row stays', async () => {
    const master = await withItem(createDatabase);
    await master.upload(B, batchOf(1, [item({ name: 'b' })]));
    const answer = await master.upload(A, batchOf(2, [removal]));
    expect(answer.results).toMatchObject([{ status: 'conflict', row: { name: 'b' } }]);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'b' });
    expect(await conflictsOf(master)).toMatchObject([
      { master: { name: 'b' }, incoming: null, outcome: 'master' },
    ]);
  });

  test('MERGE5 a deletion that others refer to is a conflict, and the row stays', async () => {
    const master = await withItem(createDatabase);
    await master.upload(B, batchOf(1, [createSale('t1', 'i1')]));
    const answer = await master.upload(A, batchOf(2, [removal, createItem('i2')]));
    expect(answer.results).toMatchObject([
      { status: 'conflict', row: { id: 'i1', name: 'name i1' } },
      { status: 'applied' },
    ]);
    expect(await conflictsOf(master)).toMatchObject([{ columns: [], outcome: 'master' }]);
    const plainAnswer = await master.upload(
      { name: '', slave: null },
      { records: [deleteOf('inventories', 'i1')] },
    );
    expect(statusesOf(plainAnswer)).toEqual(['row_foreign_key']);
  });

  test('a row and what refers to it can be deleted in one batch, in any order', async () => {
    const master = await withItem(createDatabase);
    await master.upload(A, batchOf(2, [createSale('t1', 'i1')]));
    const answer = await master.upload(
      A,
      batchOf(3, [removal, deleteOf('transactions', 't1', { base_version: 2 })]),
    );
    expect(statusesOf(answer)).toEqual(['applied', 'applied']);
  });

  test('a row deleted on both sides is deleted', async () => {
    const master = await withItem(createDatabase);
    await master.upload(B, batchOf(1, [removal]));
    const answer: UploadAnswer = await master.upload(A, batchOf(2, [removal]));
    expect(statusesOf(answer)).toEqual(['applied']);
    expect(await conflictsOf(master)).toEqual([]);
  });
}

function timeTests(createDatabase: CreateDatabase): void {
  test.each([3_600_000, -86_400_000, 0])(
    'TIME1 scenario 38: with a clock that is wrong by %i ms the later change still wins',
    async (offset) => {
      const master = await withItem(createDatabase);
      const now = master.clock.nowMs();
      const iso = (ms: number) => new Date(ms).toISOString();
      await master.upload(B, batchOf(1, [item({ name: 'b' }, { changed_at: iso(now - 60_000) })]));
      const earlier = batchOf(
        2,
        [item({ name: 'a1' }, { changed_at: iso(now - 120_000 + offset) })],
        { sent_at: iso(now + offset) },
      );
      expect((await master.upload(A, earlier)).results).toMatchObject([
        { status: 'conflict', row: { name: 'b' } },
      ]);
      const later = batchOf(3, [item({ name: 'a2' }, { changed_at: iso(now - 30_000 + offset) })], {
        sent_at: iso(now + offset),
      });
      expect((await master.upload(A, later)).results).toMatchObject([
        { status: 'conflict', row: { name: 'a2' } },
      ]);
    },
  );

  test('TIME1 B52: a time in the future does not win for ever', async () => {
    const master = await withItem(createDatabase);
    const future = { changed_at: '2999-01-01T00:00:00.000Z' };
    await master.upload(A, batchOf(2, [item({ name: 'future' }, future)]));
    const [logged] = await master.other.all<{ changed_at: string }>(
      'SELECT changed_at FROM sync_changes ORDER BY position DESC LIMIT 1',
    );
    expect(logged?.changed_at).toBe(master.clock.nowIso());
    master.clock.advance(1000);
    const answer = await master.upload(
      B,
      batchOf(1, [item({ name: 'b' }, { changed_at: master.clock.nowIso() })]),
    );
    expect(answer.results).toMatchObject([{ row: { name: 'b' } }]);
  });
}
