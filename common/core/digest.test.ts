import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addToDigest, digestText, emptyDigest, rowDigestText } from './digest.ts';
import { defineTable, integer, key, text, type Row } from './table-definition.ts';

const table = defineTable({
  name: 'goods',
  columns: { id: key(), name: text({ nullable: true }), quantity: integer() },
});
const rows = fc.array(
  fc.record({ id: fc.uuid(), name: fc.option(fc.string()), quantity: fc.integer() }),
  { maxLength: 20 },
);
const hashOf = (row: Row): string =>
  createHash('sha256').update(rowDigestText(table, row)).digest('hex');
const digestOf = (all: readonly Row[]): string =>
  digestText(all.reduce((sum, row) => addToDigest(sum, hashOf(row)), emptyDigest));

it('VER1 stands for a row by its values in declared order', () => {
  expect(rowDigestText(table, { quantity: 3, name: null, id: 'a' })).toBe('["a",null,3]');
  expect(rowDigestText(table, { id: 'a', quantity: '9007199254740993' })).toBe(
    '["a",null,"9007199254740993"]',
  );
});

it('VER1 is 16 hexadecimal digits, whatever the number of rows', () => {
  expect(digestText(emptyDigest)).toBe('0000000000000000');
  const most = addToDigest(emptyDigest, 'ff'.repeat(32));
  expect(digestText(most)).toBe('ffffffffffffffff');
  expect(digestText(addToDigest(most, `${'0'.repeat(15)}2${'0'.repeat(48)}`))).toBe(
    '0000000000000001',
  );
  expect(addToDigest(most, '00'.repeat(32)).rows).toBe(2);
});

it('VER1 does not depend on the order of rows', () => {
  fc.assert(
    fc.property(rows, (all) => {
      expect(digestOf(all.toReversed())).toBe(digestOf(all));
      expect(digestOf(all.toSorted((a, b) => a.quantity - b.quantity))).toBe(digestOf(all));
    }),
  );
});

it('VER1 P3 differs when one value of one row differs', () => {
  fc.assert(
    fc.property(rows, fc.nat(), (all, place) => {
      fc.pre(all.length > 0);
      const index = place % all.length;
      const other = all.map((row, at) => (at === index ? { ...row, name: `${row.name}x` } : row));
      expect(digestOf(other)).not.toBe(digestOf(all));
    }),
  );
});

it('VER1 tells NULL from texts that look like it, and borders between columns', () => {
  const texts = [null, '', 'null', '"', '",null,"'].map((name) => ({ id: 'a', name, quantity: 1 }));
  expect(new Set(texts.map(hashOf)).size).toBe(texts.length);
});
