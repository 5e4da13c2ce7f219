import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addNumbers,
  canonicalDecimal,
  canonicalInteger,
  integerFromBigInt,
  subtractNumbers,
  sumNumbers,
} from './canonical-number.ts';

const MOST = 9_223_372_036_854_775_807n;
const LEAST = -9_223_372_036_854_775_808n;
const int64 = fc.bigInt({ min: LEAST, max: MOST });

describe('canonicalInteger', () => {
  it('P13 B39 takes every 64-bit integer exactly, as a number while that is exact', () => {
    expect(canonicalInteger('9007199254740991')).toEqual({ ok: true, value: 9007199254740991 });
    expect(canonicalInteger('9007199254740993')).toEqual({ ok: true, value: '9007199254740993' });
    expect(canonicalInteger(MOST.toString())).toEqual({ ok: true, value: MOST.toString() });
    expect(canonicalInteger(LEAST.toString())).toEqual({ ok: true, value: LEAST.toString() });
    expect(canonicalInteger(Number('1.0'))).toEqual({ ok: true, value: 1 });
  });

  it.each(['9223372036854775808', '-9223372036854775809', '1'.repeat(40), `-${'9'.repeat(5000)}`])(
    'P13 B39 refuses %s as out of range',
    (raw) => {
      expect(canonicalInteger(raw)).toMatchObject({ ok: false, code: 'value_out_of_range' });
    },
  );

  it.each([
    '007',
    '+5',
    '1e3',
    '1.0',
    '',
    ' 5',
    '5\n',
    '0x10',
    '١',
    true,
    {},
    [5],
    1.5,
    Number.NaN,
  ])('P13 B39 refuses %j as no whole number', (raw) => {
    expect(canonicalInteger(raw)).toMatchObject({ ok: false, code: 'value_type' });
  });

  it('P13 refuses a JSON number that was rounded while it was read', () => {
    expect(canonicalInteger(2 ** 53)).toMatchObject({ ok: false, code: 'value_not_exact' });
    expect(canonicalInteger(-1e300)).toMatchObject({ ok: false, code: 'value_not_exact' });
  });

  it('writes minus zero as zero, in either form', () => {
    for (const raw of [-0, '-0']) {
      const result = canonicalInteger(raw);
      expect(result.ok && Object.is(result.value, 0)).toBe(true);
    }
  });

  it('P13 keeps any 64-bit integer through text and back', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const result = canonicalInteger(value.toString());
        expect(result.ok && BigInt(result.value as string | number)).toBe(value);
        expect(result).toEqual(integerFromBigInt(value));
        expect(result.ok && canonicalInteger(result.value)).toEqual(result);
      }),
    );
  });
});

describe('canonicalDecimal', () => {
  it.each([
    ['12.5', '12.5000'],
    [12.5, '12.5000'],
    ['12.50000000', '12.5000'],
    ['0', '0.0000'],
    ['-0', '0.0000'],
    [-0, '0.0000'],
    ['-0.0000', '0.0000'],
    ['-0.0001', '-0.0001'],
    ['9999999999.9999', '9999999999.9999'],
    [0.1, '0.1000'],
  ])('WIRE2 writes %j as %s', (raw, value) => {
    expect(canonicalDecimal(raw, 14, 4)).toEqual({ ok: true, value });
  });

  it.each([
    ['0.00001', 'value_not_exact'],
    [0.1 + 0.2, 'value_not_exact'],
    [1e-7, 'value_not_exact'],
    ['10000000000', 'value_out_of_range'],
    [1e21, 'value_out_of_range'],
    ['1'.repeat(40), 'value_out_of_range'],
    ['NaN', 'value_type'],
    ['Infinity', 'value_type'],
    [Number.NaN, 'value_type'],
    [Number.POSITIVE_INFINITY, 'value_type'],
    ['1e3', 'value_type'],
    ['+1', 'value_type'],
    ['01', 'value_type'],
    ['.5', 'value_type'],
    ['1.', 'value_type'],
    ['1,5', 'value_type'],
    ['', 'value_type'],
    [true, 'value_type'],
    [{ $gt: '' }, 'value_type'],
  ])('P13 B40 B41 refuses %j with %s', (raw, code) => {
    expect(canonicalDecimal(raw, 14, 4)).toMatchObject({ ok: false, code });
  });

  it('P13 takes very small numbers where the column has room for them', () => {
    expect(canonicalDecimal(1e-7, 14, 8)).toEqual({ ok: true, value: '0.00000010' });
    expect(canonicalDecimal(-1.5e-7, 14, 8)).toEqual({ ok: true, value: '-0.00000015' });
  });

  it('takes no digits before the point where precision and scale are the same', () => {
    expect(canonicalDecimal('0.25', 2, 2)).toEqual({ ok: true, value: '0.25' });
    expect(canonicalDecimal('1.25', 2, 2)).toMatchObject({ code: 'value_out_of_range' });
  });

  it('writes no point where there are no decimals', () => {
    expect(canonicalDecimal('12.0', 5, 0)).toEqual({ ok: true, value: '12' });
  });

  it('P13 refuses digits that an 8-byte float would change', () => {
    expect(canonicalDecimal('999999999999.9999', 16, 4)).toEqual({
      ok: true,
      value: '999999999999.9999',
    });
    expect(canonicalDecimal('12345678901234567.8901', 24, 4)).toMatchObject({
      ok: false,
      code: 'value_not_exact',
    });
  });

  it("P13 what is taken survives a slave's SQLite, for every precision", () => {
    const column = fc
      .integer({ min: 1, max: 24 })
      .chain((precision) =>
        fc.tuple(fc.constant(precision), fc.integer({ min: 0, max: precision })),
      );
    fc.assert(
      fc.property(
        column,
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        ([precision, scale], raw) => {
          const digits = (raw % 10n ** BigInt(precision)).toString();
          const unsigned = digits.replace('-', '').padStart(scale + 1, '0');
          const whole = unsigned.slice(0, unsigned.length - scale);
          const text = `${digits.startsWith('-') ? '-' : ''}${whole}.${unsigned.slice(unsigned.length - scale)}0`;
          const result = canonicalDecimal(text, precision, scale);
          if (!result.ok) {
            expect(precision).toBeGreaterThan(15);
            return;
          }
          // The way of a value: text, REAL in SQLite, shortest digits, text.
          expect(canonicalDecimal(Number(result.value), precision, scale)).toEqual(result);
          expect(canonicalDecimal(result.value, precision, scale)).toEqual(result);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('P13 a double is taken as its shortest digits or not at all', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (raw) => {
        const result = canonicalDecimal(raw, 20, 10);
        if (result.ok) expect(Number(result.value)).toBe(raw === 0 ? 0 : raw);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('sums of canonical numbers', () => {
  const integerType = { kind: 'integer' } as const;
  const decimalType = { kind: 'decimal', precision: 15, scale: 2 } as const;
  const cents = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  const textOf = (value: bigint): string => {
    const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
    const text = `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    return text;
  };

  it('adds integers beyond 2^53 exactly', () => {
    expect(addNumbers(integerType, '9007199254740993', -1)).toEqual({
      ok: true,
      value: '9007199254740992',
    });
    expect(addNumbers(integerType, '9007199254740993', -2)).toEqual({
      ok: true,
      value: 9007199254740991,
    });
  });

  it('refuses a sum beyond 64 bits, and only the sum', () => {
    expect(addNumbers(integerType, MOST.toString(), 1)).toMatchObject({
      code: 'value_out_of_range',
    });
    expect(sumNumbers(integerType, [MOST.toString(), 1, -1])).toEqual({
      ok: true,
      value: MOST.toString(),
    });
  });

  it('adds decimals as people do', () => {
    expect(addNumbers(decimalType, '0.10', '0.20')).toEqual({ ok: true, value: '0.30' });
    expect(addNumbers(decimalType, '-0.05', '0.05')).toEqual({ ok: true, value: '0.00' });
    expect(addNumbers(decimalType, '-0.25', '0.20')).toEqual({ ok: true, value: '-0.05' });
  });

  it('gives the exact sum of any decimals, in any order, and subtraction undoes it', () => {
    fc.assert(
      fc.property(fc.array(cents, { minLength: 1, maxLength: 6 }), (parts) => {
        const sum = parts.reduce((total, part) => total + part, 0n);
        const result = sumNumbers(decimalType, parts.map(textOf));
        expect(result).toEqual({ ok: true, value: textOf(sum) });
        expect(sumNumbers(decimalType, parts.map(textOf).toReversed())).toEqual(result);
        const [first = 0n] = parts;
        expect(subtractNumbers(decimalType, textOf(sum), textOf(sum - first))).toEqual({
          ok: true,
          value: textOf(first),
        });
      }),
    );
  });

  it('gives the exact sum of any integers, or refuses it', () => {
    fc.assert(
      fc.property(fc.array(int64, { maxLength: 5 }), (parts) => {
        const sum = parts.reduce((total, part) => total + part, 0n);
        const values = parts.map((part) => part.toString());
        expect(sumNumbers(integerType, values)).toEqual(integerFromBigInt(sum));
      }),
    );
  });
});
