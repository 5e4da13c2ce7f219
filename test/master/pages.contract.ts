import { describe, expect, test } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { notices, readings } from '../../common/storage/contract/sample-tables.testkit.ts';
import { streamDownload } from '../../master/sync/serve-download.ts';
import {
  batchOf,
  createItem,
  deleteOf,
  keysOf,
  moveItem,
  openTestMaster,
  plain,
  slaveNamed,
  updateOf,
  type TestMaster,
} from './harness.ts';
import { cursorAt } from './positions.contract.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

/** Downloads on either database; call it within a `describe`. */
export function pagesSuite(createDatabase: CreateDatabase): void {
  describe('a page of the log', () => logTests(createDatabase));
  describe('whole transactions', () => transactionTests(createDatabase));
  describe('a snapshot', () => snapshotTests(createDatabase));
  describe('who gets what', () => receiverTests(createDatabase));
  describe('cursors', () => cursorTests(createDatabase));
}

function logTests(createDatabase: CreateDatabase): void {
  test('DOWN1 a record that changed often comes once, whole, as it was at the end of the page', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(insertItem('i1'));
    await master.other.run(insertItem('i2'));
    await master.other.run("UPDATE inventories SET name = 'a' WHERE id = 'i1'");
    await master.other.run("UPDATE inventories SET location = 'L' WHERE id = 'i1'");
    const { records } = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(records.map(({ id, action, version }) => ({ id, action, version }))).toEqual([
      { id: 'i2', action: 'create', version: 2 },
      { id: 'i1', action: 'create', version: 4 },
    ]);
    expect(records[1]?.data).toMatchObject({
      id: 'i1',
      sku: 'sku-i1',
      name: 'a',
      location: 'L',
      quantity: 10,
      unit_price: '9.9900',
    });
    const later = await master.download(plain, { cursor: await cursorAt(master, 2) });
    expect(later.records.map(({ id, action }) => [id, action])).toEqual([['i1', 'update']]);
  });

  test('DOWN1 a deleted record comes as a delete, whatever was before', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(insertItem('i1'));
    await master.other.run("DELETE FROM inventories WHERE id = 'i1'");
    const { records } = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(records).toMatchObject([{ id: 'i1', action: 'delete', data: null, version: 2 }]);
    await master.other.run(insertItem('i1'));
    const again = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(again.records).toMatchObject([{ id: 'i1', action: 'create', version: 3 }]);
  });

  test('an empty page keeps the cursor and says that there is no more', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(insertItem('i1'));
    const cursor = await master.headCursor();
    const page = await master.download(B, { cursor });
    expect(page).toMatchObject({ records: [], cursor, has_more: false, position: 1 });
    expect(page.partial).toBeUndefined();
  });

  test('P12 a page holds few rows when they are large, and what is too large for one comes alone', async () => {
    const master = await openTestMaster(createDatabase);
    await insertLarge(master, 12);
    for (const start of [{ cursor: await cursorAt(master, 0) }, {}]) {
      const pages = await master.pages(B, { ...start, limit: 1000 });
      const sizes = pages.map(({ records }) => JSON.stringify(records).length);
      expect(Math.max(...sizes)).toBeLessThan(6_000_000);
      const ids = pages.flatMap(({ records }) => keysOf(records));
      expect(ids.length).toBe(12);
      expect(new Set(ids).size).toBe(12);
    }
  });
}

async function insertLarge({ other }: TestMaster, count: number): Promise<void> {
  const filler = other.dialect === 'sqlite' ? 'hex(zeroblob(450000))' : "repeat('0', 900000)";
  for (let n = 0; n < count; n += 1) {
    const insert = insertItem(`i${n}`).replace(`'name i${n}'`, filler);
    await other.run(insert);
  }
}

function transactionTests(createDatabase: CreateDatabase): void {
  test('DOWN3 scenario 26: an upload of 1,000 rows comes in one page, whatever the limit', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(insertItem('before'));
    const records = Array.from({ length: 1000 }, (_, n) => createItem(`u${n}`));
    await master.upload(A, batchOf(1, records));
    await master.other.run(insertItem('after'));
    const pages = await master.pages(B, { cursor: await cursorAt(master, 0), limit: 100 });
    expect(pages.every(({ partial }) => partial === undefined)).toBe(true);
    const holding = pages.filter((page) => page.records.some(({ id }) => id.startsWith('u')));
    expect(holding.length).toBe(1);
    expect(pages.flatMap((page) => page.records).length).toBe(1002);
  });

  test('DOWN3 conflicts that an upload brings are in the page of the upload', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.other.run("UPDATE inventories SET name = 'm' WHERE id = 'i1'");
    await master.upload(
      A,
      batchOf(2, [updateOf('inventories', 'i1', { name: 'a' }, { base_version: 1 })]),
    );
    const pages = await master.pages(B, { cursor: await cursorAt(master, 2), limit: 1 });
    expect(pages.map(({ records }) => records.map(({ table }) => table).toSorted())).toEqual([
      ['inventories', 'sync_conflicts'],
    ]);
  });
}

function snapshotTests(createDatabase: CreateDatabase): void {
  test('DOWN4 a first load brings parents before children and tells which key ranges are complete', async () => {
    const master = await openTestMaster(createDatabase);
    await seed(master);
    const pages = await master.pages(B, { limit: 4 });
    expect(pages.flatMap(({ records }) => keysOf(records))).toEqual([
      ...[1, 2, 3, 4, 5].map((n) => `inventories/i${n}`),
      ...[1, 2, 3].map((n) => `transactions/t${n}`),
    ]);
    expect(pages[0]?.snapshot).toEqual({
      ranges: [{ table: 'inventories', after: null, up_to: 'i4' }],
      total_rows: 8,
    });
    const ranges = pages.flatMap(({ snapshot }) => snapshot?.ranges ?? []);
    expect(ranges).toContainEqual({ table: 'inventories', after: 'i4', up_to: null });
    for (const table of ['transactions', 'inventory_adjustments', 'sync_conflicts']) {
      const mine = ranges.filter((range) => range.table === table);
      expect(mine[0]?.after).toBe(null);
      expect(mine.at(-1)?.up_to).toBe(null);
    }
  });

  test('DOWN4 a cut load goes on at the saved key', async () => {
    const master = await openTestMaster(createDatabase);
    await seed(master);
    const [first, second] = await master.pages(B, { limit: 3 });
    const again = await master.download(B, { limit: 3, cursor: first?.cursor ?? '' });
    expect(again.records).toEqual(second?.records);
  });

  test('DOWN4 keys of any script and sign are paged in one order', async () => {
    const master = await openTestMaster(createDatabase);
    const ids = [
      'a',
      'B',
      'ä',
      'z',
      'Z',
      '~',
      '.',
      '-x',
      '日本',
      '😀',
      'a b',
      '',
      'e\u0301',
      'é',
      "'",
      '%',
    ];
    const usable = ids.filter((id) => id !== '');
    await master.upload(plain, { records: usable.map((id) => createItem(id)) });
    const pages = await master.pages(B, { limit: 1 });
    expect(pages.flatMap(({ records }) => records.map(({ id }) => id))).toEqual(
      usable.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  test('scenario 15 and 35: what is written during a first load arrives, moved keys too', async () => {
    const master = await openTestMaster(createDatabase);
    await seed(master);
    const held = new Map<string, unknown>();
    const steps = [
      insertItem('i0'),
      "UPDATE inventories SET id = 'i00' WHERE id = 'i5'",
      "DELETE FROM inventories WHERE id = 'i4'",
      "UPDATE inventories SET name = 'new' WHERE id = 'i2'",
      "DELETE FROM transactions WHERE id = 't3'",
    ];
    let page = await master.download(B, { limit: 2 });
    for (;;) {
      takePage(held, page);
      const step = steps.shift();
      if (step !== undefined) await master.other.run(step);
      if (!page.has_more && step === undefined) break;
      page = await master.download(B, { limit: 2, cursor: page.cursor });
    }
    expect([...held.keys()].filter((key) => held.get(key) !== null).toSorted()).toEqual([
      ...['i0', 'i00', 'i1', 'i2', 'i3'].map((id) => `inventories/${id}`),
      'transactions/t1',
      'transactions/t2',
    ]);
    expect(held.get('inventories/i2')).toMatchObject({ name: 'new' });
  });

  test('DOWN5 the whole answer at once holds what the pages hold', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(plain, {
      records: Array.from({ length: 2500 }, (_, n) => createItem(`i${n}`)),
    });
    await seed(master);
    for (const request of [
      {},
      { lastSyncedAt: '2026-01-01T00:00:00.000Z' },
      { tables: ['transactions'] },
    ]) {
      const whole = await streamed(master, request);
      const paged = await master.pages(plain, { ...request, limit: 700 });
      const byKey = (list: readonly { table: string; id: string }[]) =>
        list.toSorted((a, b) => (`${a.table}/${a.id}` < `${b.table}/${b.id}` ? -1 : 1));
      expect(byKey(whole.records)).toEqual(byKey(paged.flatMap(({ records }) => records)));
      expect(whole.has_more).toBe(false);
      expect(whole.cursor).toBe(paged.at(-1)?.cursor);
      expect(await master.download(plain, { cursor: whole.cursor })).toMatchObject({ records: [] });
    }
  });

  test('DOWN5 the whole answer by time repeats no row of a transaction in halves', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    const whole = await streamed(master, { lastSyncedAt: '2000-01-01T00:00:00.000Z' });
    expect(keysOf(whole.records)).toEqual(['inventories/i1']);
    const since = await streamed(master, { lastSyncedAt: whole.timestamp });
    expect(since.records).toEqual([]);
  });
}

async function seed({ other }: TestMaster): Promise<void> {
  const present = await other.all<{ n: string }>('SELECT count(*) AS n FROM inventories');
  const first = Number(present[0]?.n) > 0 ? 10_000 : 0;
  for (let n = 1; n <= 5; n += 1) await other.run(insertItem(`i${first + n}`));
  for (let n = 1; n <= 3; n += 1) {
    await other.run(
      `INSERT INTO transactions (id, inventory_id, type, quantity, unit_price, total) VALUES ('t${n}', 'i${first + n}', 'sale', 1, 1, 1)`,
    );
  }
}

async function streamed(
  master: TestMaster,
  request: Parameters<typeof streamDownload>[2],
): Promise<DownloadAnswer> {
  let text = '';
  for await (const piece of streamDownload(master.deps, plain, request)) text += piece;
  return JSON.parse(text) as DownloadAnswer;
}

/** What a receiver holds after a page. */
function takePage(held: Map<string, unknown>, page: DownloadAnswer): void {
  for (const { table, id, data } of page.records) held.set(`${table}/${id}`, data);
}

function receiverTests(createDatabase: CreateDatabase): void {
  test('ECHO1 scenario 18: own changes do not come back, those of others do', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('a1'), createItem('a2')]));
    await master.upload(B, batchOf(1, [createItem('b1')]));
    const cursor = await cursorAt(master, 0);
    expect(keysOf((await master.download(A, { cursor })).records)).toEqual(['inventories/b1']);
    expect(keysOf((await master.download(B, { cursor })).records)).toEqual([
      'inventories/a1',
      'inventories/a2',
    ]);
    expect((await master.download(plain, { cursor })).records.length).toBe(3);
    const own = await master.download(A, { cursor: await cursorAt(master, 1) });
    expect(own.position).toBe(3);
  });

  test('ECHO1 a row that others changed too comes back, and so does what the master merged', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1'), createItem('i2')]));
    await master.other.run("UPDATE inventories SET location = 'L' WHERE id = 'i1'");
    await master.upload(
      A,
      batchOf(3, [
        updateOf('inventories', 'i1', { name: 'mine' }, { base_version: 2 }),
        updateOf('inventories', 'i2', { name: 'mine' }, { base_version: 2 }),
      ]),
    );
    const afterMerge = await master.download(A, { cursor: await cursorAt(master, 3) });
    expect(keysOf(afterMerge.records)).toEqual(['inventories/i1']);
    expect(afterMerge.records[0]?.data).toMatchObject({ name: 'mine', location: 'L' });
    const all = await master.download(A, { cursor: await cursorAt(master, 2) });
    expect(keysOf(all.records)).toEqual(['inventories/i1']);
  });

  test('a download can be narrowed to tables, and the cursor still moves on', async () => {
    const master = await openTestMaster(createDatabase);
    await seed(master);
    const start = { cursor: await cursorAt(master, 0), tables: ['transactions'] };
    const pages = await master.pages(B, { ...start, limit: 3 });
    expect(pages.flatMap(({ records }) => keysOf(records))).toEqual(
      [1, 2, 3].map((n) => `transactions/t${n}`),
    );
    expect(pages.at(-1)?.cursor).toBe(await master.headCursor());
    const snapshot = await master.pages(B, { tables: ['transactions'], limit: 2 });
    expect(snapshot.flatMap(({ records }) => records.map(({ table }) => table))).toEqual([
      'transactions',
      'transactions',
      'transactions',
    ]);
  });

  test('a table that only goes up is never sent, one that only comes down is', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [readings, notices] });
    await master.upload(
      A,
      batchOf(1, [{ table: 'readings', id: 'r1', action: 'create', data: { body: 'x' } }]),
    );
    await master.other.run("INSERT INTO notices (id, body) VALUES ('n1', 'y')");
    for (const start of [
      {},
      { cursor: await cursorAt(master, 0) },
      { tables: ['readings', 'notices'] },
    ]) {
      expect(keysOf((await master.download(B, start)).records)).toEqual(['notices/n1']);
    }
  });

  test('MERGE7 conflicts come to slaves, and to a plain client only if it asks for them', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.other.run("UPDATE inventories SET name = 'm' WHERE id = 'i1'");
    await master.upload(
      A,
      batchOf(2, [updateOf('inventories', 'i1', { name: 'a' }, { base_version: 1 })]),
    );
    const tablesOf = (page: DownloadAnswer) => new Set(page.records.map(({ table }) => table));
    for (const start of [{}, { cursor: await cursorAt(master, 0) }]) {
      expect(tablesOf(await master.download(plain, start)).has('sync_conflicts')).toBe(false);
      expect(tablesOf(await master.download(A, start)).has('sync_conflicts')).toBe(true);
      expect(tablesOf(await master.download(B, start)).has('sync_conflicts')).toBe(true);
      const asked = await master.download(plain, { ...start, tables: ['sync_conflicts'] });
      expect(asked.records.length).toBe(1);
    }
  });

  test('a deletion reaches everybody but its sender', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.upload(A, batchOf(2, [deleteOf('inventories', 'i1', { base_version: 1 })]));
    const cursor = await cursorAt(master, 1);
    expect((await master.download(A, { cursor })).records).toEqual([]);
    expect((await master.download(B, { cursor })).records).toMatchObject([{ action: 'delete' }]);
  });

  test('DOWN1 an own change and a foreign one of the same row in one page bring the whole row', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    const base = await master.head();
    await master.upload(B, batchOf(1, [moveItem('i1', -2, { base_version: base })]));
    await master.upload(B, batchOf(2, [moveItem('i1', -1, { base_version: base })]));
    const page = await master.download(A, { cursor: await cursorAt(master, 0) });
    expect(page.records).toMatchObject([{ id: 'i1', version: 3, data: { quantity: 7 } }]);
  });
}

function cursorTests(createDatabase: CreateDatabase): void {
  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
    );

  test('POS3 what is no cursor is refused as such', async () => {
    const master = await openTestMaster(createDatabase);
    const epoch = (await cursorAt(master, 0)).split('.')[0];
    for (const cursor of [
      '',
      'abc',
      `${epoch}`,
      `${epoch}.`,
      `${epoch}.-1`,
      `${epoch}.1.5`,
      `${epoch}.1e3`,
      `${epoch}.99999999999999999`,
      `${epoch}.0.inventories.!!`,
      `${epoch}.0.x.y.z`,
      "' OR 1=1",
    ]) {
      expect([cursor, await codeOf(master.download(B, { cursor }))]).toEqual([
        cursor,
        'cursor_invalid',
      ]);
    }
  });

  test('POS3 a cursor of another history, or beyond the head, is epoch_changed', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(insertItem('i1'));
    const other = 'f'.repeat(32);
    expect(await codeOf(master.download(B, { cursor: `${other}.0` }))).toBe('epoch_changed');
    expect(await codeOf(master.download(B, { cursor: `${other}.0.inventories` }))).toBe(
      'epoch_changed',
    );
    expect(await codeOf(master.download(B, { cursor: await cursorAt(master, 2) }))).toBe(
      'epoch_changed',
    );
    expect(await codeOf(master.download(B, { cursor: await cursorAt(master, 1) }))).toBe('none');
  });

  test('POS3 a cursor or a time before the purged part is cursor_expired', async () => {
    const master = await openTestMaster(createDatabase);
    for (let n = 0; n < 5; n += 1) await master.other.run(insertItem(`i${n}`));
    const { timestamp } = await master.download(plain);
    await master.other.run("UPDATE sync_meta SET value = '3' WHERE key = 'purged_up_to'");
    await master.other.run('DELETE FROM sync_changes WHERE position <= 3');
    expect(await codeOf(master.download(B, { cursor: await cursorAt(master, 2) }))).toBe(
      'cursor_expired',
    );
    expect(
      await codeOf(master.download(B, { cursor: `${await cursorAt(master, 2)}.inventories` })),
    ).toBe('cursor_expired');
    expect(await codeOf(master.download(plain, { lastSyncedAt: '2026-01-01T00:00:00.000Z' }))).toBe(
      'cursor_expired',
    );
    expect((await master.download(B, { cursor: await cursorAt(master, 3) })).records.length).toBe(
      2,
    );
    expect(await codeOf(master.download(plain, { lastSyncedAt: timestamp }))).toBe('none');
    expect((await master.download(B)).records.length).toBe(5);
  });
}
