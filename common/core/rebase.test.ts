import { describe, expect, it } from 'vitest';
import { isExact, rebase, rowBefore, type LocalChange } from './rebase.ts';
import { decimal, defineTable, integer, key, text } from './table-definition.ts';

const table = defineTable({
  name: 'goods',
  columns: {
    id: key(),
    name: text(),
    place: text({ nullable: true }),
    quantity: integer({ counter: true }),
    weight: decimal(10, 2, { counter: true }),
  },
});

const row = { id: 'a', name: 'Tea', place: null, quantity: 10, weight: '1.50' };

function change(overrides: Partial<LocalChange>): LocalChange {
  return {
    action: 'update',
    columns: [],
    row: null,
    before: null,
    deltas: {},
    counted: false,
    basePosition: 1,
    capturedAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

describe('rebase', () => {
  it("REBASE1 shows set columns on top of the master's row and keeps its other columns", () => {
    const work = [change({ columns: ['name'], row: { ...row, name: 'Green tea' } })];
    const shown = rebase(table, { ...row, place: 'Shelf 3', quantity: 7 }, work);
    expect(shown).toEqual({ ...row, name: 'Green tea', place: 'Shelf 3', quantity: 7 });
  });

  it("REBASE1 moves counters on top of the master's value", () => {
    const work = [
      change({ columns: ['quantity'], deltas: { quantity: -3 }, row: { ...row, quantity: 7 } }),
      change({
        columns: ['weight'],
        deltas: { weight: '-0.25' },
        row: { ...row, quantity: 7, weight: '1.25' },
      }),
    ];
    expect(rebase(table, { ...row, quantity: 100, weight: '9.00' }, work)).toEqual({
      ...row,
      quantity: 97,
      weight: '8.75',
    });
  });

  it('MERGE4 sets counters that were counted', () => {
    const work = [
      change({
        columns: ['quantity'],
        deltas: { quantity: -6 },
        counted: true,
        row: { ...row, quantity: 4 },
      }),
    ];
    expect(rebase(table, { ...row, quantity: 100 }, work)).toEqual({ ...row, quantity: 4 });
  });

  it('REBASE1 hides a row that was deleted here', () => {
    expect(rebase(table, row, [change({ action: 'delete', row })])).toBeNull();
  });

  it('P9 keeps a changed row visible that is gone at the master', () => {
    const mine = { ...row, name: 'Green tea' };
    expect(rebase(table, null, [change({ columns: ['name'], row: mine })])).toEqual(mine);
  });

  it('shows a row that was made anew after it had been deleted', () => {
    const anew = { ...row, name: 'Coffee' };
    const work = [change({ action: 'delete', row }), change({ action: 'create', row: anew })];
    expect(rebase(table, row, work)).toEqual(anew);
  });

  it("leaves the master's value where a sum does not fit the column", () => {
    const most = '9223372036854775807';
    const work = [change({ columns: ['quantity'], deltas: { quantity: 1 }, row })];
    expect(rebase(table, { ...row, quantity: most }, work)?.['quantity']).toBe(most);
  });

  it('never changes the rows that it is given', () => {
    const server = Object.freeze({ ...row });
    rebase(table, server, [change({ columns: ['name'], row: { ...row, name: 'x' } })]);
    expect(server).toEqual(row);
  });
});

describe('rowBefore', () => {
  it('is no row for a create, the row itself for a delete, and the older image for an update', () => {
    expect(rowBefore(change({ action: 'create', row }))).toBeNull();
    expect(rowBefore(change({ action: 'delete', row }))).toEqual(row);
    expect(rowBefore(change({ before: row }))).toEqual(row);
  });

  it('is unknown when the older image cannot be carried exactly', () => {
    expect(rowBefore(change({ before: null }))).toBeUndefined();
  });
});

describe('isExact', () => {
  it('asks for an image of everything but a delete', () => {
    expect(isExact(change({ action: 'delete' }))).toBe(true);
    expect(isExact(change({ row }))).toBe(true);
    expect(isExact(change({ row: null }))).toBe(false);
  });
});
