import { base64ToHex, canonicalizeRow } from '../../core/canonical-value.ts';
import type { Row, TableDefinition, WireValue } from '../../core/table-definition.ts';
import type { ImageResult } from '../master-store.ts';

/** How an adopted table's application writes times; canonical ISO unless the table was found otherwise. */
export type TimeStyle = 'iso' | 'sql';

/** Character that stands for bytes which are no UTF-8; the driver puts it there without a word. */
export const REPLACEMENT = '\uFFFD';

/**
 * Rows as the JSON parameter of the statements in {@link TableSql}: a list of lists in column order.
 *
 * @param styles time style by column, for adopted tables.
 */
export function encodeRows(
  table: TableDefinition,
  rows: readonly Row[],
  styles: ReadonlyMap<string, TimeStyle> = new Map(),
): string {
  const encoders = table.columns.map((column) =>
    encoderOf(column.type.kind, styles.get(column.name)),
  );
  return JSON.stringify(
    rows.map((row) =>
      table.columns.map((column, index) => encoders[index]?.(row[column.name] ?? null)),
    ),
  );
}

/** Reads a row image. The text may hold {@link REPLACEMENT} only if the caller has checked the bytes. */
export function decodeImage(table: TableDefinition, image: string): ImageResult {
  return canonicalizeRow(table, JSON.parse(image) as Record<string, unknown>);
}

/** Result for a row whose text is not valid UTF-8 in the database. */
export function invalidUnicode(column: string): ImageResult {
  return {
    ok: false,
    code: 'text_invalid_unicode',
    column,
    detail: 'the stored bytes are not UTF-8',
  };
}

/** Whether bytes of an image, as hex, are valid UTF-8. */
export function isValidUtf8(hex: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(hex, 'hex'));
    return true;
  } catch {
    return false;
  }
}

type Encoder = (value: WireValue) => WireValue;

function encoderOf(kind: string, style: TimeStyle | undefined): Encoder {
  if (kind === 'blob') return (value) => (typeof value === 'string' ? base64ToHex(value) : null);
  if (kind === 'timestamp' && style === 'sql') {
    return (value) => (typeof value === 'string' ? sqlTime(value) : null);
  }
  return (value) => value;
}

/** `YYYY-MM-DD HH:MM:SS`, with milliseconds only where there are any. */
function sqlTime(iso: string): string {
  const text = `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
  return text.endsWith('.000') ? text.slice(0, -4) : text;
}
