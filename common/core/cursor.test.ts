import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, parseCursor, type Cursor } from './cursor.ts';

const EPOCH = '0123456789abcdef';
const head = fc.record({
  epoch: fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 8, maxLength: 64 })
    .map((digits) => digits.join('')),
  position: fc.maxSafeNat(),
});
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,62}$/);
const id = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 64 })
  .filter((text) => !text.includes('\0') && Array.from(text).length <= 64);
const cursors: fc.Arbitrary<Cursor> = fc.oneof(
  head.map((at): Cursor => ({ kind: 'log', ...at })),
  fc
    .tuple(head, name, fc.option(id))
    .map(([at, table, after]): Cursor => ({ kind: 'snapshot', ...at, table, after })),
);

describe('cursor', () => {
  it('POS3 is epoch.position, in a snapshot with table and key', () => {
    expect(formatCursor({ kind: 'log', epoch: EPOCH, position: 7 })).toBe(`${EPOCH}.7`);
    expect(
      formatCursor({ kind: 'snapshot', epoch: EPOCH, position: 7, table: 'goods', after: null }),
    ).toBe(`${EPOCH}.7.goods`);
    expect(
      formatCursor({ kind: 'snapshot', epoch: EPOCH, position: 7, table: 'goods', after: 'a.b' }),
    ).toBe(`${EPOCH}.7.goods.YS5i`);
  });

  it('POS3 reads what it wrote', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it.each([
    '',
    'abc',
    '-1',
    '1.5',
    '1e9',
    EPOCH,
    `${EPOCH}.`,
    `${EPOCH}.-1`,
    `${EPOCH}.1.5`,
    `${EPOCH}.1e9`,
    `${EPOCH}.007`,
    `${EPOCH}.9007199254740993`,
    `${EPOCH}.18446744073709551616`,
    `${EPOCH}. 1`,
    `${EPOCH}.1\n`,
    `${EPOCH.toUpperCase()}.1`,
    `${EPOCH}.1.`,
    `${EPOCH}.1.Goods`,
    `${EPOCH}.1.goods.`,
    `${EPOCH}.1.goods.YS5i.x`,
    `${EPOCH}.1.goods.YS5j=`,
    `${EPOCH}.1.goods.YS5`,
    `${EPOCH}.1.goods.AA`,
    `${EPOCH}.1.goods._w`,
    `${EPOCH}.1."; drop table`,
    `${EPOCH}.1.goods.${'Y'.repeat(600)}`,
    '1'.repeat(1_000_000),
  ])('B58 refuses %.60j', (text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('B58 never throws, and takes only texts that it would write', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.nat(), fc.string(), fc.base64String())
        .map((parts) => `${EPOCH}.${parts.join('.')}`),
      fc
        .tuple(fc.nat(), fc.base64String())
        .map(([position, key]) => `${EPOCH}.${position}.goods.${key}`),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        const cursor = parseCursor(text);
        if (cursor !== undefined) expect(formatCursor(cursor)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
