import { expect, it } from 'vitest';
import { completeRow } from './complete-row.ts';
import { boolean, defineTable, integer, key, text, timestamp } from './table-definition.ts';

const NOW = '2026-03-01T12:00:00.000Z';
const table = defineTable({
  name: 'samples',
  columns: {
    id: key(),
    name: text(),
    word: text({ default: 'now' }),
    note: text({ nullable: true }),
    greeting: text({ nullable: true, default: 'hello' }),
    amount: integer({ default: 0 }),
    open: boolean({ default: false }),
    made_at: timestamp({ default: 'now' }),
  },
});

it('fills defaults and NULL, and takes `now` as a time for times only', () => {
  expect(completeRow(table, { id: 'a', name: 'n' }, NOW)).toEqual({
    ok: true,
    row: {
      id: 'a',
      name: 'n',
      word: 'now',
      note: null,
      greeting: 'hello',
      amount: 0,
      open: false,
      made_at: NOW,
    },
  });
});

it('keeps every value that is given, NULL and zero too', () => {
  const given = {
    id: 'a',
    name: '',
    word: '',
    note: null,
    greeting: null,
    amount: 7,
    open: true,
    made_at: '2020-01-01T00:00:00.000Z',
  };
  expect(completeRow(table, given, NOW)).toEqual({ ok: true, row: given });
});

it('B49 names the column that must have a value', () => {
  expect(completeRow(table, { id: 'a' }, NOW)).toEqual({
    ok: false,
    code: 'row_not_null',
    detail: 'column name must have a value',
  });
});

it('leaves out what is no column', () => {
  const completed = completeRow(table, { id: 'a', name: 'n', stray: 1 }, NOW);
  expect(completed.ok && Object.hasOwn(completed.row, 'stray')).toBe(false);
});
