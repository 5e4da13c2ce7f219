import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import { parseJson } from './parse-json.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
  return 'none';
}

describe('parseJson', () => {
  test('P13 an integer that a JavaScript number cannot hold arrives as its digits', () => {
    expect(parseJson('[9007199254740993, -9223372036854775808, 9007199254740991]')).toEqual([
      '9007199254740993',
      '-9223372036854775808',
      9007199254740991,
    ]);
  });

  test('P13 a decimal that would be rounded arrives as it was written', () => {
    expect(parseJson('[0.12345678901234567890, 12345678901234.5678]')).toEqual([
      '0.12345678901234567890',
      '12345678901234.5678',
    ]);
  });

  test('P13 a long literal that is exact stays a number', () => {
    expect(parseJson('[1.500000000000000000, 1e3, 12.5E-1, 0.1]')).toEqual([1.5, 1000, 1.25, 0.1]);
  });

  test('P13 minus zero is zero, and what underflows to zero is not', () => {
    expect(parseJson('[-0, -0.0, 0e7, 1e-400]')).toEqual([0, 0, 0, '1e-400']);
  });

  test.each([
    '1e400',
    '-1e999',
    'NaN',
    'Infinity',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '/**/{}',
    '',
    '01',
  ])('B15 %s is malformed', (text) => {
    expect(codeOf(() => parseJson(text))).toBe('protocol_malformed_json');
  });

  test('B15 a byte order mark is refused', () => {
    expect(codeOf(() => parseJson('\uFEFF{}'))).toBe('protocol_malformed_json');
  });

  test('B17 32 levels are read and 33 are not, arrays and objects alike', () => {
    const nested = (depth: number, open: string, close: string): string =>
      open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
    expect(codeOf(() => parseJson(nested(32, '[', ']')))).toBe('none');
    expect(codeOf(() => parseJson(nested(33, '[', ']')))).toBe('protocol_too_deep');
    expect(codeOf(() => parseJson(nested(32, '{"a":', '}')))).toBe('none');
    expect(codeOf(() => parseJson(nested(33, '{"a":', '}')))).toBe('protocol_too_deep');
    expect(codeOf(() => parseJson('['.repeat(100_000)))).toBe('protocol_too_deep');
  });

  test('B17 brackets in texts do not count', () => {
    expect(parseJson(JSON.stringify({ a: '['.repeat(100) }))).toEqual({ a: '['.repeat(100) });
  });

  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"b":[],"c":{},"b":1}}',
    '[{"a":"a","a" : 1}]',
    '{"__proto__":1,"__proto__":2}',
    '{"a\\"":1,"a\\u0022":2}',
  ])('B18 a key that is named twice is refused: %s', (text) => {
    expect(codeOf(() => parseJson(text))).toBe('protocol_duplicate_key');
  });

  test.each([
    '{"a":"a","b":"a"}',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":1}}}',
    '{"a":["a","a"]}',
    '{"\\\\":1,"\\"":2}',
  ])('B18 equal texts in other places are no duplicates: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test('B19 __proto__ is a key like any other and changes no prototype', () => {
    const body = parseJson('{"__proto__":{"polluted":1},"n":12345678901234567890}') as object;
    expect(Object.hasOwn(body, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  test('what JSON.stringify writes of ordinary values is read back unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value, (_key, part: unknown) =>
          Number.isInteger(part) && !Number.isSafeInteger(part) ? 0 : part,
        );
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('P13 every integer of 64 bits arrives with all its digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(String((parseJson(`[${value}]`) as readonly unknown[])[0])).toBe(String(value));
      }),
    );
  });

  test('B21 B22 large and hostile bodies take linear work', () => {
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key${at}`, at]));
    expect(Object.keys(parseJson(JSON.stringify(keys)) as object)).toHaveLength(100_000);
    const backslashes = `{"a":"${'\\\\'.repeat(1_000_000)}"}`;
    expect(parseJson(backslashes)).toEqual({ a: '\\'.repeat(1_000_000) });
    expect(codeOf(() => parseJson(`["${'\\"'.repeat(1_000_000)}`))).toBe('protocol_malformed_json');
    expect(parseJson(`[1${'0'.repeat(200)}]`)).toEqual([`1${'0'.repeat(200)}`]);
  });
});
