import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
} from '../../common/core/table-definition.ts';
import { registerTables } from '../../common/core/table-registry.ts';
import { parseRecord, type ParsedRecord } from './parse-record.ts';

const NOW = '2026-03-01T12:00:00.000Z';
const tables = registerTables([
  defineTable({
    name: 'goods',
    columns: {
      id: key(),
      name: text(),
      quantity: integer({ counter: true }),
      price: decimal(14, 4),
      open: boolean(),
      seen_at: timestamp(),
      extra: json({ nullable: true }),
      bytes: blob({ nullable: true }),
    },
  }),
]);

const record = (overrides: Readonly<Record<string, unknown>> = {}) => ({
  table: 'goods',
  id: 'a',
  action: 'update',
  ...overrides,
});
const parse = (raw: unknown): ParsedRecord => parseRecord(raw, tables, NOW);
const withData = (data: unknown): ParsedRecord => parse(record({ data }));

describe('a record', () => {
  it("the seed's four fields are enough", () => {
    expect(parse({ table: 'goods', data: { name: 'Tea' }, action: 'create', id: 'a' })).toEqual({
      ok: true,
      change: {
        table: 'goods',
        id: 'a',
        action: 'create',
        values: { name: 'Tea' },
        deltas: {},
        changedAt: NOW,
      },
    });
  });

  it("takes what a slave adds, in canonical form and without the key's copy", () => {
    const raw = record({
      data: { id: 'a', name: 'Tea', price: 2.5, seen_at: '2026-03-01 10:00:00' },
      delta: { quantity: '-9007199254740993' },
      op: 7,
      base_version: 0,
      changed_at: '2026-03-01T13:00:00+02:00',
      'x-trace': 'ignored',
    });
    expect(parse(raw)).toEqual({
      ok: true,
      change: {
        table: 'goods',
        id: 'a',
        action: 'update',
        values: { name: 'Tea', price: '2.5000', seen_at: '2026-03-01T10:00:00.000Z' },
        deltas: { quantity: '-9007199254740993' },
        operation: 7,
        baseVersion: 0,
        changedAt: '2026-03-01T11:00:00.000Z',
      },
    });
  });

  it('ONCE4 may carry nothing', () => {
    for (const data of [undefined, null, {}]) {
      expect(withData(data)).toMatchObject({ ok: true, change: { values: {}, deltas: {} } });
    }
    expect(parse(record({ delta: null }))).toMatchObject({ ok: true, change: { deltas: {} } });
  });

  it('of a delete needs no data and takes none', () => {
    const raw = record({ action: 'delete', data: { stray: 1 } });
    expect(parse(raw)).toMatchObject({ ok: true, change: { action: 'delete', values: {} } });
  });
});

describe('a bad record', () => {
  it.each([
    ['no object', null, 'record_invalid'],
    ['a list', [], 'record_invalid'],
    ['text', 'record', 'record_invalid'],
    ['B34 unknown table', record({ table: 'sqlite_master' }), 'table_unknown'],
    ['B34 other case', record({ table: 'Goods' }), 'table_unknown'],
    ['B34 injected SQL', record({ table: 'goods"; drop table goods; --' }), 'table_unknown'],
    ['B34 schema prefix', record({ table: 'main.goods' }), 'table_unknown'],
    ['B34 a name all objects have', record({ table: 'constructor' }), 'table_unknown'],
    ['B34 no table', record({ table: undefined }), 'table_unknown'],
    ['B36 unknown action', record({ action: 'TRUNCATE' }), 'action_invalid'],
    ['B36 no action', record({ action: null }), 'action_invalid'],
    ['B36 a number for an action', record({ action: 3 }), 'action_invalid'],
    ['B37 no key', record({ id: undefined }), 'key_invalid'],
    ['B37 NULL for a key', record({ id: null }), 'key_invalid'],
    ['B37 an empty key', record({ id: '' }), 'key_invalid'],
    ['B37 a number for a key', record({ id: 5 }), 'key_invalid'],
    ['B37 an object for a key', record({ id: { $gt: '' } }), 'key_invalid'],
    ['B37 a list for a key', record({ id: ['a', 'b'] }), 'key_invalid'],
    ['B37 another key in data', record({ data: { id: 'b' } }), 'key_invalid'],
    ['B37 NULL for the key in data', record({ data: { id: null } }), 'key_invalid'],
    ['B32 NUL in a key', record({ id: 'a\0' }), 'key_invalid'],
    ['B32 a key of 1 MB', record({ id: 'x'.repeat(1_000_000) }), 'key_invalid'],
    ['B33 a number that is text', record({ op: '5' }), 'record_invalid'],
    ['B33 half an operation', record({ op: 1.5 }), 'record_invalid'],
    ['B33 an operation below 1', record({ op: 0 }), 'record_invalid'],
    ['B51 a negative version', record({ base_version: -1 }), 'version_invalid'],
    ['B51 half a version', record({ base_version: 0.5 }), 'version_invalid'],
    ['B51 a version beyond 2^53', record({ base_version: 2 ** 60 }), 'version_invalid'],
    ['B51 a version that is text', record({ base_version: '5' }), 'version_invalid'],
    ['B20 an unknown field', record({ isAdmin: true }), 'record_invalid'],
    ['data that is a list', record({ data: [] }), 'record_invalid'],
    ['data that is text', record({ data: 'name=Tea' }), 'record_invalid'],
    [
      'B45 a time that does not exist',
      record({ changed_at: '2026-02-30T00:00:00Z' }),
      'date_invalid',
    ],
    ['a time that is a number', record({ changed_at: 1_700_000_000 }), 'date_invalid'],
    ['amounts for what is no counter', record({ delta: { price: 1 } }), 'column_unknown'],
    ['amounts for unknown columns', record({ delta: { ['__proto__x']: 1 } }), 'column_unknown'],
    ['amounts that are a list', record({ delta: [1] }), 'record_invalid'],
    ['an amount of NULL', record({ delta: { quantity: null } }), 'row_not_null'],
    ['half an amount', record({ delta: { quantity: 0.5 } }), 'value_type'],
    [
      'a counter set and moved',
      record({ data: { quantity: 1 }, delta: { quantity: 1 } }),
      'record_invalid',
    ],
  ])('%s', (_what, raw, code) => {
    expect(parse(raw)).toMatchObject({ ok: false, code });
  });

  it.each([
    ['B35 an unknown column', { stray: 1 }, 'column_unknown'],
    ['B19 a column all objects have', { constructor: 1 }, 'column_unknown'],
    ['B38 an operator object', { name: { $gt: '' } }, 'value_type'],
    ['B38 a list', { name: ['a', 'b'] }, 'value_type'],
    ['B38 a function call', { quantity: { fn: 'sleep' } }, 'value_type'],
    ['B39 an integer beyond 64 bits', { quantity: '9223372036854775808' }, 'value_out_of_range'],
    ['B39 an integer that was rounded', { quantity: 2 ** 53 }, 'value_not_exact'],
    ['B39 leading zeros', { quantity: '007' }, 'value_type'],
    ['B39 a plus sign', { quantity: '+5' }, 'value_type'],
    ['B39 an exponent', { quantity: '1e3' }, 'value_type'],
    ['B40 a decimal of 40 digits', { price: '1'.repeat(40) }, 'value_out_of_range'],
    ['B40 too many decimals', { price: '0.00001' }, 'value_not_exact'],
    ['B41 NaN', { price: 'NaN' }, 'value_type'],
    ['B41 Infinity', { price: 'Infinity' }, 'value_type'],
    ['B42 NUL in a text', { name: 'a\0b' }, 'text_nul'],
    ['B43 half a surrogate pair', { name: '\ud800' }, 'text_invalid_unicode'],
    ['B44 a text of 2 MB', { name: 'x'.repeat(2_000_000) }, 'value_too_long'],
    ['B45 a leap second', { seen_at: '2026-06-30T23:59:60Z' }, 'date_invalid'],
    ['B45 an infinite time', { seen_at: 'infinity' }, 'date_invalid'],
    ['B45 seconds since 1970', { seen_at: 0 }, 'date_invalid'],
    ['B45 microseconds', { seen_at: '2026-01-01T00:00:00.000001Z' }, 'date_invalid'],
    ['B46 1 for true', { open: 1 }, 'value_type'],
    ['B46 0 for false', { open: 0 }, 'value_type'],
    ['B46 text for true', { open: 'true' }, 'value_type'],
    ['B47 deep JSON', { extra: '['.repeat(1000) + ']'.repeat(1000) }, 'json_invalid'],
    ['B47 NUL in JSON', { extra: '{"a":"\\u0000"}' }, 'text_nul'],
    ['B47 a rounded number in JSON', { extra: { n: 2 ** 60 } }, 'value_not_exact'],
    ['B48 no base64', { bytes: 'no base64' }, 'blob_invalid'],
    ['B48 base64 for addresses', { bytes: '_-8=' }, 'blob_invalid'],
    ['B49 NULL where there must be a value', { name: null }, 'row_not_null'],
  ])('%s', (_what, data, code) => {
    const result = withData(data);
    expect(result).toMatchObject({ ok: false, code, table: 'goods', id: 'a' });
  });

  it('B48 B44 a row larger than the master takes, counted in bytes', () => {
    const umlauts = 'ü'.repeat(600_000);
    expect(withData({ name: umlauts })).toMatchObject({ ok: false, code: 'row_too_large' });
    expect(withData({ name: 'u'.repeat(600_000) }).ok).toBe(true);
  });

  it('B19 pollutes nothing', () => {
    const raw: unknown = JSON.parse(
      '{"table":"goods","id":"a","action":"create","__proto__":{"ok":1},"data":{"__proto__":{"polluted":1}}}',
    );
    expect(parse(raw)).toMatchObject({ ok: false, code: 'record_invalid' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('P6 is named as far as it can be read, and keeps its operation number', () => {
    expect(parse(record({ op: 4, data: { name: 5 } }))).toMatchObject({
      ok: false,
      table: 'goods',
      id: 'a',
      operation: 4,
      detail: 'name: text expected, number found',
    });
    const long = '😀'.repeat(64);
    expect(parse(record({ id: long, data: { name: 5 } }))).toMatchObject({ id: long });
  });
});

it('B37 never throws, and names no record by broken text', () => {
  const field = fc.oneof(fc.anything(), fc.string({ unit: 'binary', maxLength: 200 }));
  const shape = fc.record(
    {
      table: fc.constantFrom('goods', 'other'),
      id: fc.oneof(fc.constant('a'), field),
      action: fc.oneof(fc.constantFrom('create', 'update', 'delete'), field),
      data: fc.oneof(fc.dictionary(fc.constantFrom('name', 'price', 'extra', 'x'), field), field),
      delta: fc.oneof(fc.dictionary(fc.constantFrom('quantity', 'price'), field), field),
      op: field,
      base_version: field,
      changed_at: field,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(shape, fc.anything()), (raw) => {
      const result = parse(raw);
      const { table, id } = result.ok ? result.change : result;
      expect(table.isWellFormed() && id.isWellFormed()).toBe(true);
      if (!result.ok) expect(result.detail).not.toBe('');
    }),
  );
});
