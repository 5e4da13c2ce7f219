import { expect, it } from 'vitest';
import { decideConflict, decidedRow, type DecisionInput } from './decide-conflict.ts';
import { at, goodsRow, goodsTable } from './merge-builders.testkit.ts';
import { readConflict, type Conflict } from './read-conflict.ts';

const LATER = at(90);
const goods = goodsTable();

function aConflict(overrides: Partial<Conflict> = {}): Conflict {
  return {
    id: 'c1',
    table: 'goods',
    recordId: 'a',
    slave: 'shop-1',
    columns: ['name'],
    base: goodsRow(),
    master: goodsRow({ name: 'Cocoa' }),
    incoming: { name: 'Coffee' },
    policy: 'manual',
    reason: 'a person decides',
    outcome: 'master',
    state: 'open',
    resolution: null,
    resolvedBy: null,
    createdAt: at(0),
    updatedAt: at(0),
    ...overrides,
  };
}

function input(overrides: Partial<DecisionInput> = {}): DecisionInput {
  return {
    table: goods,
    conflict: aConflict(),
    current: goodsRow({ name: 'Cocoa', quantity: 4 }),
    now: LATER,
    ...overrides,
  };
}

it("P18 takes one side's value of the conflict's columns and keeps all others as they are now", () => {
  const row = decidedRow(input(), { take: 'incoming' });
  expect(row).toEqual(goodsRow({ name: 'Coffee', quantity: 4, updated_at: LATER }));
});

it('sets values that a person chose', () => {
  expect(decidedRow(input(), { set: { name: 'Both' } })?.['name']).toBe('Both');
});

it('refuses values that do not fit their column', () => {
  expect(() => decidedRow(input(), { set: { quantity: 'many' } })).toThrow('column quantity');
  expect(() => decidedRow(input(), { set: { colour: 'red' } })).toThrow('column colour');
});

it('deletes the row when the chosen side had deleted it', () => {
  const conflict = aConflict({ columns: [], master: null, incoming: goodsRow({ name: 'Coffee' }) });
  expect(decidedRow(input({ conflict }), { take: 'master' })).toBeNull();
});

it('P18 brings a deleted row back from the side that changed it', () => {
  const conflict = aConflict({
    columns: [],
    master: null,
    incoming: { name: 'Coffee' },
    base: goodsRow(),
  });
  const row = decidedRow(input({ conflict, current: null }), { take: 'incoming' });
  expect(row).toEqual(goodsRow({ name: 'Coffee', updated_at: LATER }));
});

it('says that a side is missing instead of guessing', () => {
  expect(() =>
    decidedRow(input({ conflict: aConflict({ base: null }) }), { take: 'base' }),
  ).toThrow('no base side');
});

it('reads a conflict from its row, and takes damaged columns for absent', () => {
  const conflict = readConflict({
    id: 'c1',
    table_name: 'goods',
    record_id: 'a',
    slave: 'shop-1',
    columns: '["name"]',
    base: null,
    master: '{"name":"Cocoa","deep":{"x":1}}',
    incoming: '{broken',
    policy: 'latest',
    reason: 'r',
    outcome: 'master',
    state: 'settled',
    resolution: null,
    resolved_by: null,
    created_at: at(0),
    updated_at: at(0),
  });
  expect(conflict).toMatchObject({
    columns: ['name'],
    base: null,
    master: { name: 'Cocoa' },
    incoming: null,
  });
});

it('MERGE7 writes the row and the conflict, which says who decided what and when', () => {
  const conflict = aConflict();
  const stored = { id: 'c1', state: 'open', resolution: null, resolved_by: null, reason: 'r' };
  const current = goodsRow({ name: 'Cocoa' });
  const making = { table: goods, by: 'anna', now: LATER };
  const found = { conflict, stored, current };
  expect(decideConflict(found, { take: 'incoming' }, making)).toEqual([
    {
      table: 'goods',
      id: 'a',
      before: current,
      row: goodsRow({ name: 'Coffee', updated_at: LATER }),
    },
    {
      table: 'sync_conflicts',
      id: 'c1',
      before: stored,
      row: {
        ...stored,
        state: 'resolved',
        resolution: '{"take":"incoming"}',
        resolved_by: 'anna',
        updated_at: LATER,
      },
    },
  ]);
});

it('writes only the conflict when the row stays deleted', () => {
  const conflict = aConflict({ columns: [], master: null });
  const found = { conflict, stored: {}, current: null };
  const writes = decideConflict(
    found,
    { take: 'master' },
    { table: goods, by: 'anna', now: LATER },
  );
  expect(writes.map(({ table }) => table)).toEqual(['sync_conflicts']);
});

it('refuses to decide about a table that is not declared', () => {
  const found = { conflict: aConflict(), stored: {}, current: null };
  const making = { table: undefined, by: 'anna', now: LATER };
  expect(() => decideConflict(found, { take: 'master' }, making)).toThrow('not declared');
});
