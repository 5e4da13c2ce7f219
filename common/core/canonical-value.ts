import { canonicalJson } from './canonical-json.ts';
import { canonicalDecimal, canonicalInteger } from './canonical-number.ts';
import type { CanonicalResult } from './canonical-result.ts';
import { canonicalTime } from './canonical-time.ts';
import type { ErrorCode } from './error-codes.ts';
import {
  MAX_KEY_LENGTH,
  type ColumnDefinition,
  type Row,
  type TableDefinition,
  type WireValue,
} from './table-definition.ts';

/** A row in canonical form, or its first fault. */
export type CanonicalRow =
  | { readonly ok: true; readonly row: Row }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly column: string;
      readonly detail: string;
    };

/** Longest text or blob of a column that declares no length, in characters (of base64 for blobs). */
const MAX_VALUE_LENGTH = 1_000_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEX = /^(?:[0-9a-f]{2})*$/i;

/** Marks bytes in row images, where JSON has no form for them. */
export interface BlobImage {
  readonly $blob: string;
}

/**
 * Brings one value into its canonical wire form (rule WIRE2), whether it comes from the wire or from a row image
 * of a database. Never changes what the value means; what cannot be carried exactly is refused.
 *
 * @param raw JSON value; bytes of an image are `{ $blob: hex }`.
 */
export function canonicalize(column: ColumnDefinition, raw: unknown): CanonicalResult {
  if (raw === null || raw === undefined) {
    return column.nullable
      ? { ok: true, value: null }
      : refuse('row_not_null', `column ${column.name} must have a value`);
  }
  switch (column.type.kind) {
    case 'text':
      return canonicalText(raw, column.type.maxLength ?? MAX_VALUE_LENGTH);
    case 'integer':
      return canonicalInteger(raw);
    case 'decimal':
      return canonicalDecimal(raw, column.type.precision, column.type.scale);
    case 'boolean':
      return canonicalBoolean(raw);
    case 'timestamp':
      return canonicalTime(raw);
    case 'json':
      return canonicalJson(raw);
    case 'blob':
      return canonicalBlob(raw);
  }
}

/**
 * Brings the columns of a record into canonical form. Columns that are not there stay away.
 *
 * @param data column names to raw values, from anywhere.
 */
export function canonicalizeColumns(
  table: TableDefinition,
  data: Readonly<Record<string, unknown>>,
): CanonicalRow {
  const row: Record<string, WireValue> = {};
  for (const name of Object.keys(data)) {
    const column = table.columnByName.get(name);
    if (column === undefined) {
      return {
        ok: false,
        code: 'column_unknown',
        column: name.slice(0, 64).toWellFormed(),
        detail: 'not declared',
      };
    }
    const result = canonicalize(column, data[name]);
    if (!result.ok) return { ...result, column: name };
    row[name] = result.value;
  }
  return { ok: true, row };
}

/** Like {@link canonicalizeColumns}, but every column must be there. */
export function canonicalizeRow(
  table: TableDefinition,
  data: Readonly<Record<string, unknown>>,
): CanonicalRow {
  const result = canonicalizeColumns(table, data);
  if (!result.ok) return result;
  for (const column of table.columns) {
    if (!Object.hasOwn(data, column.name)) {
      return {
        ok: false,
        code: 'record_invalid',
        column: column.name,
        detail: 'the column is missing',
      };
    }
  }
  return result;
}

/** Whether a text can be the `id` of a row. */
export function isValidKey(id: unknown): id is string {
  return (
    typeof id === 'string' &&
    id.length > 0 &&
    !isLongerThan(id, MAX_KEY_LENGTH) &&
    id.isWellFormed() &&
    !id.includes('\0')
  );
}

/** Compares two canonical values of one column; null sorts first. */
export function compareValues(column: ColumnDefinition, a: WireValue, b: WireValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (column.type.kind === 'integer') return BigInt(a) < BigInt(b) ? -1 : 1;
  if (column.type.kind === 'decimal') {
    const digits = (value: WireValue): bigint => BigInt(String(value).replace('.', ''));
    return digits(a) < digits(b) ? -1 : 1;
  }
  return a < b ? -1 : 1;
}

function refuse(code: ErrorCode, detail: string): CanonicalResult {
  return { ok: false, code, detail };
}

function canonicalText(raw: unknown, maxLength: number): CanonicalResult {
  if (typeof raw !== 'string') return refuse('value_type', `text expected, ${kindOf(raw)} found`);
  if (isLongerThan(raw, maxLength)) {
    return refuse('value_too_long', `more than ${maxLength} characters`);
  }
  if (raw.includes('\0')) return refuse('text_nul', 'holds the NUL character');
  if (!raw.isWellFormed()) return refuse('text_invalid_unicode', 'holds half a surrogate pair');
  return { ok: true, value: raw };
}

/** Characters are Unicode code points, of which some take two places in a JavaScript string. */
function isLongerThan(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  return text.length > 2 * characters || Array.from(text).length > characters;
}

function canonicalBoolean(raw: unknown): CanonicalResult {
  if (typeof raw === 'boolean') return { ok: true, value: raw };
  // SQLite has no booleans; 0 and 1 are what every program writes there.
  if (raw === 0 || raw === 1) return { ok: true, value: raw === 1 };
  return refuse('value_type', `true or false expected, ${kindOf(raw)} found`);
}

function canonicalBlob(raw: unknown): CanonicalResult {
  const base64 = isBlobImage(raw) ? hexToBase64(raw.$blob) : raw;
  if (base64 === undefined) return refuse('blob_invalid', 'not hexadecimal digits');
  if (typeof base64 !== 'string') {
    return refuse('value_type', `base64 expected, ${kindOf(raw)} found`);
  }
  if (base64.length > MAX_VALUE_LENGTH) {
    return refuse('value_too_long', `more than ${MAX_VALUE_LENGTH} characters of base64`);
  }
  if (!BASE64.test(base64)) return refuse('blob_invalid', 'not base64 with padding');
  // The unused bits of the last character must be zero, or two texts would stand for the same bytes.
  return Buffer.from(base64, 'base64').toString('base64') === base64
    ? { ok: true, value: base64 }
    : refuse('blob_invalid', 'unused bits of the last character are set');
}

function isBlobImage(raw: unknown): raw is BlobImage {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    typeof (raw as { $blob?: unknown }).$blob === 'string'
  );
}

/** Undefined for text that is no bytes, of which Buffer would silently take the beginning. */
function hexToBase64(hex: string): string | undefined {
  return HEX.test(hex) ? Buffer.from(hex, 'hex').toString('base64') : undefined;
}

/** Bytes of a canonical blob as hexadecimal digits, the form in which SQL takes them. */
export function base64ToHex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function kindOf(raw: unknown): string {
  if (Array.isArray(raw)) return 'a list';
  if (isBlobImage(raw)) return 'bytes';
  return raw === null ? 'nothing' : typeof raw;
}
