import { expect, it } from 'vitest';
import { decidedRow, type DecisionInput } from './decide-conflict.ts';
import { readConflict, type Conflict } from './read-conflict.ts';
import { aRow, goods, NOON } from './sync-builders.testkit.ts';

const LATER = '2026-02-01T09:00:00.000Z';

function aConflict(overrides: Partial<Conflict> = {}): Conflict {
  return {
    id: 'c1',
    table: 'goods',
    recordId: 'g1',
    slave: 'shop-1',
    columns: ['name'],
    base: aRow(),
    master: aRow({ name: 'Cocoa' }),
    incoming: { name: 'Coffee' },
    policy: 'manual',
    reason: 'a person decides',
    outcome: 'master',
    state: 'open',
    resolution: null,
    resolvedBy: null,
    createdAt: NOON,
    updatedAt: NOON,
    ...overrides,
  };
}

function input(overrides: Partial<DecisionInput> = {}): DecisionInput {
  return {
    table: goods,
    conflict: aConflict(),
    current: aRow({ name: 'Cocoa', quantity: 4 }),
    now: LATER,
    ...overrides,
  };
}

it("P18 takes one side's value of the conflict's columns and keeps all others as they are now", () => {
  const row = decidedRow(input(), { take: 'incoming' });
  expect(row).toEqual(aRow({ name: 'Coffee', quantity: 4, updated_at: LATER }));
});

it('sets values that a person chose', () => {
  expect(decidedRow(input(), { set: { name: 'Both' } })?.['name']).toBe('Both');
});

it('refuses values that do not fit their column', () => {
  expect(() => decidedRow(input(), { set: { quantity: 'many' } })).toThrow('column quantity');
  expect(() => decidedRow(input(), { set: { colour: 'red' } })).toThrow('column colour');
});

it('deletes the row when the chosen side had deleted it', () => {
  const conflict = aConflict({ columns: [], master: null, incoming: aRow({ name: 'Coffee' }) });
  expect(decidedRow(input({ conflict }), { take: 'master' })).toBeNull();
});

it('P18 brings a deleted row back from the side that changed it', () => {
  const conflict = aConflict({
    columns: [],
    master: null,
    incoming: { name: 'Coffee' },
    base: aRow(),
  });
  const row = decidedRow(input({ conflict, current: null }), { take: 'incoming' });
  expect(row).toEqual(aRow({ name: 'Coffee', updated_at: LATER }));
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
    record_id: 'g1',
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
    created_at: NOON,
    updated_at: NOON,
  });
  expect(conflict).toMatchObject({
    columns: ['name'],
    base: null,
    master: { name: 'Cocoa' },
    incoming: null,
  });
});
