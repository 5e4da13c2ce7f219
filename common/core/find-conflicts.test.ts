import { expect, it } from 'vitest';
import { findConflict, findConflicts } from './find-conflicts.ts';
import { at, goodsRow } from './merge-builders.testkit.ts';
import type { Row } from './table-definition.ts';

interface Stored {
  readonly id: string;
  readonly row: { readonly ok: true; readonly row: Row } | { readonly ok: false };
}

function stored(number: number, overrides: Row = {}): Stored {
  const id = `c${String(number).padStart(5, '0')}`;
  const row = { id, table_name: 'goods', record_id: 'a', state: 'settled', created_at: at(0) };
  return { id, row: { ok: true, row: { ...row, ...overrides } } };
}

function pagesOf(rows: readonly Stored[]): Parameters<typeof findConflicts>[0] {
  return (_table, after, limit) => {
    const behind = rows.filter(({ id }) => after === null || id > after);
    return Promise.resolve(behind.slice(0, limit));
  };
}

it('lists the newest first, over as many pages as there are', async () => {
  const rows = Array.from({ length: 1200 }, (_, index) =>
    stored(index, { created_at: at(index === 7 ? 2 : 1) }),
  );
  const found = await findConflicts(pagesOf(rows), { limit: 3 });
  expect(found.map(({ id }) => id)).toEqual(['c00007', 'c01199', 'c01198']);
  expect(await findConflicts(pagesOf(rows), {})).toHaveLength(200);
  expect(await findConflicts(pagesOf(rows.slice(0, 500)), { limit: 1000 })).toHaveLength(500);
});

it('lists by state, table and row, and leaves out what cannot be read', async () => {
  const readPage = pagesOf([
    stored(1, { state: 'open' }),
    stored(2, { state: 'open', table_name: 'others' }),
    stored(3, { state: 'resolved', record_id: 'b' }),
    { id: 'c4', row: { ok: false } },
  ]);
  const ids = async (filter: Parameters<typeof findConflicts>[1]): Promise<readonly string[]> =>
    (await findConflicts(readPage, filter)).map(({ id }) => id);
  expect(await ids({})).toEqual(['c00003', 'c00002', 'c00001']);
  expect(await ids({ state: 'open' })).toEqual(['c00002', 'c00001']);
  expect(await ids({ state: 'open', table: 'goods' })).toEqual(['c00001']);
  expect(await ids({ recordId: 'b' })).toEqual(['c00003']);
});

it('finds one conflict with the row it is about', async () => {
  const rows = new Map<string, Stored['row']>([
    ['sync_conflicts c1', { ok: true, row: { id: 'c1', table_name: 'goods', record_id: 'a' } }],
    ['sync_conflicts c2', { ok: true, row: { id: 'c2', table_name: 'goods', record_id: 'b' } }],
    ['sync_conflicts c3', { ok: false }],
    ['goods a', { ok: true, row: goodsRow() }],
    ['goods b', { ok: false }],
  ]);
  const readRows: Parameters<typeof findConflict>[0] = (table, ids) =>
    Promise.resolve(
      new Map(
        ids.flatMap((id) => {
          const row = rows.get(`${table} ${id}`);
          return row === undefined ? [] : [[id, row]];
        }),
      ),
    );
  expect(await findConflict(readRows, 'c1')).toMatchObject({
    conflict: { id: 'c1', recordId: 'a' },
    current: goodsRow(),
  });
  expect((await findConflict(readRows, 'c2')).current).toBeNull();
  for (const id of ['c3', 'c9']) {
    await expect(findConflict(readRows, id)).rejects.toMatchObject({ code: 'data_not_found' });
  }
});
