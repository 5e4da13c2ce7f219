import { expect, it } from 'vitest';
import { buildRecord } from './build-record.ts';
import { anEntry, aRow, NOON } from './sync-builders.testkit.ts';

const stamp = { base_version: 7, changed_at: NOON };
const head = { table: 'goods', id: 'g1', op: 1 };

it('sends the whole row of a create, counters included', () => {
  const entry = anEntry({
    action: 'create',
    columns: [],
    before: null,
    after: { ok: true, row: aRow() },
  });
  expect(buildRecord(entry)).toEqual({ ...head, action: 'create', data: aRow(), ...stamp });
});

it('sends only the changed columns of an update', () => {
  expect(buildRecord(anEntry())).toEqual({
    ...head,
    action: 'update',
    data: { name: 'Coffee' },
    ...stamp,
  });
});

it('sends how much a counter moved, not its value', () => {
  const entry = anEntry({ columns: ['name', 'quantity'], deltas: { quantity: -3 } });
  expect(buildRecord(entry)).toEqual({
    ...head,
    action: 'update',
    data: { name: 'Coffee' },
    delta: { quantity: -3 },
    ...stamp,
  });
});

it('MERGE4 sends the value of a counter that was counted', () => {
  const entry = anEntry({ columns: ['quantity'], deltas: { quantity: -3 }, counted: true });
  expect(buildRecord(entry)).toEqual({
    ...head,
    action: 'update',
    data: { quantity: 10 },
    ...stamp,
  });
});

it('sends a delete without data', () => {
  const entry = anEntry({
    action: 'delete',
    columns: [],
    before: null,
    after: { ok: true, row: aRow() },
  });
  expect(buildRecord(entry)).toEqual({ ...head, action: 'delete', ...stamp });
});

it('ONCE4 sends nothing of a void but its number', () => {
  expect(buildRecord(anEntry({ isVoid: true, action: 'delete' }))).toEqual({
    ...head,
    action: 'update',
    data: {},
  });
});
