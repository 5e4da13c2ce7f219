import type { CanonicalResult } from './canonical-result.ts';
import type { ColumnType } from './table-definition.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INTEGER = /^-?(?:0|[1-9]\d{0,18})$/;
const DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;
/** How JavaScript writes numbers from 1e21 on and below 1e-6. */
const EXPONENT = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/;
/** Decimals of so many digits are the same after a way through an 8-byte float. */
const MAX_REAL_DIGITS = 15;

/** A 64-bit integer: a JSON number while that is exact, else a string of digits. */
export function canonicalInteger(raw: unknown): CanonicalResult {
  if (typeof raw === 'number') {
    if (!Number.isInteger(raw))
      return { ok: false, code: 'value_type', detail: 'a whole number expected' };
    return Number.isSafeInteger(raw)
      ? { ok: true, value: raw === 0 ? 0 : raw }
      : { ok: false, code: 'value_not_exact', detail: 'send integers beyond 2^53 as strings' };
  }
  if (typeof raw !== 'string')
    return { ok: false, code: 'value_type', detail: 'a whole number expected' };
  if (/^-?\d{20,}$/.test(raw))
    return { ok: false, code: 'value_out_of_range', detail: 'beyond 64 bits' };
  if (!INTEGER.test(raw))
    return { ok: false, code: 'value_type', detail: 'a whole number expected' };
  return integerFromBigInt(BigInt(raw));
}

/** The canonical form of an integer, if it fits 64 bits. */
export function integerFromBigInt(value: bigint): CanonicalResult {
  if (value < INT64_MIN || value > INT64_MAX) {
    return { ok: false, code: 'value_out_of_range', detail: 'beyond 64 bits' };
  }
  const number = Number(value);
  return { ok: true, value: Number.isSafeInteger(number) ? number : value.toString() };
}

/**
 * A decimal as text with exactly `scale` decimals. A JSON number, or a REAL of SQLite, stands for its shortest
 * decimal form. What has more decimals, or does not survive SQLite's REAL, is refused, never rounded.
 */
export function canonicalDecimal(raw: unknown, precision: number, scale: number): CanonicalResult {
  if (typeof raw !== 'number' && typeof raw !== 'string') {
    return { ok: false, code: 'value_type', detail: 'a decimal expected' };
  }
  const parts = readDecimal(typeof raw === 'number' ? plainDigits(raw) : raw);
  if (parts === undefined) {
    return { ok: false, code: 'value_type', detail: 'a decimal such as 12.5000 expected' };
  }
  if (/[1-9]/.test(parts.fraction.slice(scale))) {
    return { ok: false, code: 'value_not_exact', detail: `more than ${scale} decimals` };
  }
  const places = precision - scale;
  if (parts.whole !== '0' && parts.whole.length > places) {
    const detail = `more than ${places} digits before the point`;
    return { ok: false, code: 'value_out_of_range', detail };
  }
  const text = decimalText(parts, scale);
  // Every slave keeps decimals in SQLite, whose NUMERIC columns hold 8-byte floats.
  return precision <= MAX_REAL_DIGITS || survivesReal(text, scale)
    ? { ok: true, value: text }
    : { ok: false, code: 'value_not_exact', detail: 'too many digits for a SQLite column' };
}

interface DecimalParts {
  readonly sign: string;
  readonly whole: string;
  readonly fraction: string;
}

function readDecimal(text: string): DecimalParts | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  return { sign, whole, fraction };
}

function decimalText({ sign, whole, fraction }: DecimalParts, scale: number): string {
  const digits = scale > 0 ? `${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}` : whole;
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** Whether a REAL made of the text reads as the same text again. */
function survivesReal(text: string, scale: number): boolean {
  const parts = readDecimal(plainDigits(Number(text)));
  return (
    parts !== undefined && parts.fraction.length <= scale && decimalText(parts, scale) === text
  );
}

/** The shortest digits that stand for a number, without an exponent; what is no number stays text that is none. */
function plainDigits(value: number): string {
  const [, sign = '', first = '', rest = '', power = ''] = EXPONENT.exec(String(value)) ?? [];
  if (power === '') return String(value);
  const digits = first + rest;
  const point = 1 + Number(power);
  return point > 0
    ? `${sign}${digits.padEnd(point, '0')}`
    : `${sign}0.${'0'.repeat(-point)}${digits}`;
}

/** Types that a counter can have. */
export type CounterColumnType = Extract<ColumnType, { kind: 'integer' | 'decimal' }>;

/** Adds a delta to a counter value; both canonical, both of the same column type. */
export function addNumbers(
  type: CounterColumnType,
  a: string | number,
  b: string | number,
): CanonicalResult {
  return sumNumbers(type, [a, b]);
}

/** Adds canonical numbers of one column type; only the sum must fit the column, whatever the order. */
export function sumNumbers(
  type: CounterColumnType,
  parts: readonly (string | number)[],
): CanonicalResult {
  if (type.kind === 'integer') {
    return integerFromBigInt(parts.reduce((sum, part) => sum + BigInt(part), 0n));
  }
  const units = parts.reduce((sum, part) => sum + scaled(String(part), type.scale), 0n);
  return canonicalDecimal(fromScaled(units, type.scale), type.precision, type.scale);
}

/** How much a counter moved from `before` to `after`; both canonical, both of the same column type. */
export function subtractNumbers(
  type: CounterColumnType,
  after: string | number,
  before: string | number,
): CanonicalResult {
  if (type.kind === 'integer') return integerFromBigInt(BigInt(after) - BigInt(before));
  const units = (value: string | number): bigint => scaled(String(value), type.scale);
  return canonicalDecimal(
    fromScaled(units(after) - units(before), type.scale),
    type.precision,
    type.scale,
  );
}

function scaled(text: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

function fromScaled(units: bigint, scale: number): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
  return negative ? `-${text}` : text;
}
