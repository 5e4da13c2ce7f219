import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  base64ToHex,
  canonicalize,
  canonicalizeColumns,
  canonicalizeRow,
  compareValues,
  isValidKey,
} from './canonical-value.ts';
import {
  blob,
  boolean,
  decimal,
  defineTable,
  integer,
  json,
  key,
  text,
  timestamp,
  type ColumnDefinition,
  type WireValue,
} from './table-definition.ts';

const table = defineTable({
  name: 'samples',
  columns: {
    id: key(),
    name: text({ maxLength: 5 }),
    note: text({ nullable: true }),
    amount: integer({ nullable: true }),
    price: decimal(14, 4, { nullable: true }),
    open: boolean({ nullable: true }),
    seen_at: timestamp({ nullable: true }),
    extra: json({ nullable: true }),
    bytes: blob({ nullable: true }),
  },
});

function column(name: string): ColumnDefinition {
  const found = table.columnByName.get(name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
}

const of = (name: string, raw: unknown) => canonicalize(column(name), raw);

describe('canonicalize', () => {
  it('B49 takes NULL where the column may have none, and names the column where it may not', () => {
    expect(of('note', null)).toEqual({ ok: true, value: null });
    expect(of('note', undefined)).toEqual({ ok: true, value: null });
    expect(of('name', null)).toEqual({
      ok: false,
      code: 'row_not_null',
      detail: 'column name must have a value',
    });
  });

  it.each([
    '',
    ' ',
    'e\u0301',
    '\u00e9',
    '\u202eabc',
    '\u200b',
    '😀😀😀😀😀',
    '\ufffe',
    '\ufffd',
    '\r\n',
  ])('P13 B43 keeps the text %j as it is', (raw) => {
    expect(of('name', raw)).toEqual({ ok: true, value: raw });
  });

  it.each([
    ['a\0b', 'text_nul'],
    ['\ud83d', 'text_invalid_unicode'],
    ['\ude00\ud83d', 'text_invalid_unicode'],
    ['sixsix', 'value_too_long'],
    ['😀😀😀😀😀😀', 'value_too_long'],
    [5, 'value_type'],
    [true, 'value_type'],
    [{ $gt: '' }, 'value_type'],
    [['a', 'b'], 'value_type'],
    [{ fn: 'sleep' }, 'value_type'],
    [{ $blob: '00' }, 'value_type'],
  ])('P13 B38 B42 B43 B44 refuses the text %j with %s', (raw, code) => {
    expect(of('name', raw)).toMatchObject({ ok: false, code });
  });

  it('B44 refuses texts that no column takes', () => {
    expect(of('note', 'x'.repeat(1_000_000)).ok).toBe(true);
    expect(of('note', 'x'.repeat(1_000_001))).toMatchObject({ code: 'value_too_long' });
    expect(of('note', 'x'.repeat(64_000_000))).toMatchObject({ code: 'value_too_long' });
  });

  it('B38 refuses operator objects for every type but JSON', () => {
    for (const name of ['name', 'amount', 'price', 'open', 'bytes']) {
      expect(of(name, { $ne: 1 })).toMatchObject({ ok: false, code: 'value_type' });
      expect(of(name, [1, 2])).toMatchObject({ ok: false, code: 'value_type' });
    }
    expect(of('seen_at', { $gt: '' })).toMatchObject({ ok: false, code: 'date_invalid' });
  });

  it('P13 B46 takes true, false and what SQLite has for them; no text', () => {
    expect([true, false, 1, 0].map((raw) => of('open', raw))).toEqual(
      [true, false, true, false].map((value) => ({ ok: true, value })),
    );
    for (const raw of ['true', '1', 't', 2, -1, 0.5]) {
      expect(of('open', raw)).toMatchObject({ ok: false, code: 'value_type' });
    }
  });

  it('WIRE2 takes base64 with padding, and bytes of images as hexadecimal digits', () => {
    expect(of('bytes', '')).toEqual({ ok: true, value: '' });
    expect(of('bytes', 'AP8=')).toEqual({ ok: true, value: 'AP8=' });
    expect(of('bytes', { $blob: '00ff' })).toEqual({ ok: true, value: 'AP8=' });
    expect(of('bytes', { $blob: '00FF' })).toEqual({ ok: true, value: 'AP8=' });
    expect(base64ToHex('AP8=')).toBe('00ff');
  });

  it.each(['AP8', 'AP8=\n', 'A P8=', '_-8=', 'AP9=', 'A===', '?', 'AP8=AP8='])(
    'P13 B48 refuses the bytes %j',
    (raw) => {
      expect(of('bytes', raw)).toMatchObject({ ok: false, code: 'blob_invalid' });
    },
  );

  it('P13 B48 refuses what only begins like bytes, and bytes beyond all measure', () => {
    expect(of('bytes', { $blob: '00zz' })).toMatchObject({ code: 'blob_invalid' });
    expect(of('bytes', { $blob: '0' })).toMatchObject({ code: 'blob_invalid' });
    expect(of('bytes', 'A'.repeat(1_000_004))).toMatchObject({ code: 'value_too_long' });
    expect(of('bytes', { $blob: '00'.repeat(750_003) })).toMatchObject({ code: 'value_too_long' });
    expect(of('bytes', { $blob: '00'.repeat(750_000) }).ok).toBe(true);
  });

  it('P13 carries any bytes bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex');
        const result = of('bytes', { $blob: hex });
        expect(result.ok && base64ToHex(String(result.value))).toBe(hex);
      }),
    );
  });

  it('WIRE2 a canonical value is its own canonical form, for every type', () => {
    const nasty = fc.oneof(
      fc.anything(),
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
      fc.double(),
      fc.double().map(String),
      fc.json(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.base64String(),
      fc.record({ $blob: fc.string() }),
      fc.uint8Array().map((bytes) => ({ $blob: Buffer.from(bytes).toString('hex') })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...table.columns), nasty, (target, raw) => {
        const once = canonicalize(target, raw);
        if (once.ok) expect(canonicalize(target, once.value)).toEqual(once);
        else expect(once.detail).not.toBe('');
      }),
      { numRuns: 1500 },
    );
  });
});

describe('canonicalizeColumns', () => {
  it('leaves out what is not there', () => {
    expect(canonicalizeColumns(table, { price: 1 })).toEqual({
      ok: true,
      row: { price: '1.0000' },
    });
    expect(canonicalizeColumns(table, {})).toEqual({ ok: true, row: {} });
  });

  it.each(['stray', 'Name', 'constructor', 'prototype', 'toString', 'hasOwnProperty', ''])(
    'B19 B35 refuses the column %j',
    (name) => {
      expect(canonicalizeColumns(table, { [name]: 1 })).toMatchObject({
        ok: false,
        code: 'column_unknown',
      });
    },
  );

  it('B19 refuses __proto__ and pollutes nothing', () => {
    const data = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect(canonicalizeColumns(table, data)).toMatchObject({ code: 'column_unknown' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('B49 refuses a row of thousands of columns at the first that is unknown', () => {
    const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`c${index}`, 1]));
    expect(canonicalizeColumns(table, wide)).toMatchObject({
      code: 'column_unknown',
      column: 'c0',
    });
  });

  it('names the column of a fault', () => {
    expect(canonicalizeColumns(table, { name: 'ok', amount: 'x' })).toMatchObject({
      code: 'value_type',
      column: 'amount',
    });
  });
});

describe('canonicalizeRow', () => {
  const row = { id: 'a', name: 'n', note: null, amount: 1, price: null, open: null };

  it('asks for every column, even one that may be NULL', () => {
    expect(canonicalizeRow(table, row)).toMatchObject({
      code: 'record_invalid',
      column: 'seen_at',
    });
    const whole = { ...row, seen_at: null, extra: null, bytes: null };
    expect(canonicalizeRow(table, whole)).toEqual({ ok: true, row: whole });
  });
});

describe('isValidKey', () => {
  it('takes any text of 1 to 64 characters', () => {
    for (const id of ['a', 'ü', ' ', "'; drop table", 'x'.repeat(64), '😀'.repeat(64)]) {
      expect(isValidKey(id)).toBe(true);
    }
  });

  it('B37 refuses everything else', () => {
    for (const id of [
      '',
      'x'.repeat(65),
      '😀'.repeat(65),
      'a\0',
      '\ud800',
      5,
      null,
      undefined,
      {},
      ['a'],
    ]) {
      expect(isValidKey(id)).toBe(false);
    }
  });

  it('agrees with the key column', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (id) => {
        expect(isValidKey(id)).toBe(id !== '' && canonicalize(column('id'), id).ok);
      }),
    );
  });
});

describe('compareValues', () => {
  const values: Readonly<Record<string, fc.Arbitrary<WireValue>>> = {
    note: fc.option(fc.string()),
    amount: fc.option(
      fc
        .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
        .map((value) => canonicalOf('amount', String(value))),
    ),
    price: fc.option(fc.integer().map((cents) => canonicalOf('price', String(cents / 100)))),
    open: fc.option(fc.boolean()),
    seen_at: fc.option(
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
        .map((date) => date.toISOString()),
    ),
  };

  function canonicalOf(name: string, raw: unknown): WireValue {
    const result = of(name, raw);
    if (!result.ok) throw new Error(result.detail);
    return result.value;
  }

  it.each(Object.keys(values))('is a total order of %s values', (name) => {
    const some = values[name];
    if (some === undefined) throw new Error(name);
    const compare = (a: WireValue, b: WireValue): number =>
      Math.sign(compareValues(column(name), a, b));
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        expect(compare(a, b) + compare(b, a)).toBe(0);
        expect(compare(a, b) === 0).toBe(a === b);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('orders numbers by value, not by their texts, and NULL first', () => {
    expect(compareValues(column('amount'), '9007199254740993', 5)).toBeGreaterThan(0);
    expect(compareValues(column('amount'), -2, '-9007199254740993')).toBeGreaterThan(0);
    expect(compareValues(column('price'), '9.0000', '10.0000')).toBeLessThan(0);
    expect(compareValues(column('price'), '-9.0000', '-10.0000')).toBeGreaterThan(0);
    expect(compareValues(column('price'), '-0.5000', '0.0001')).toBeLessThan(0);
    expect(compareValues(column('price'), null, '-1.0000')).toBeLessThan(0);
  });
});
