import { canonicalizeRow } from '../../core/canonical-value.ts';
import type { TableDefinition } from '../../core/table-definition.ts';
import type { ImageResult } from '../master-store.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { quote } from './dialects/table-sql.ts';
import { decodeImage, invalidUnicode, isValidUtf8, REPLACEMENT } from './row-codec.ts';
import type { SqlRunner } from './sql-database.ts';

/** One row as it is in the database. */
export interface ReadRow {
  readonly id: string;
  readonly row: ImageResult;
  /** The id's own bytes are no UTF-8, so no program of ours can name this row. */
  readonly isNameless: boolean;
}

/**
 * Reads rows of a table by image, so that no value passes through the driver's rounding.
 *
 * @param tail what follows `FROM table t`, with a definite order; it may be run twice.
 */
export async function readRows(
  sql: SqlRunner,
  table: TableDefinition,
  tail: string,
  bind: readonly unknown[],
): Promise<readonly ReadRow[]> {
  const from = `FROM ${quote(table.name)} t ${tail}`;
  const image = sqliteTable.image(table, 't');
  const rows = await sql.all<{ id: string; image: string }>(
    `SELECT t.id AS id, ${image} AS image ${from}`,
    bind,
  );
  if (!rows.some((row) => row.image.includes(REPLACEMENT))) {
    return rows.map(({ id, image: text }) => ({
      id,
      row: decodeImage(table, text),
      isNameless: false,
    }));
  }
  // The driver puts U+FFFD in place of bytes that are no UTF-8, so the bytes themselves have to be looked at.
  const bytes = await sql.all<{ id: string; image: string }>(
    `SELECT hex(t.id) AS id, hex(${image}) AS image ${from}`,
    bind,
  );
  return rows.map(({ id, image: text }, index) => ({
    id,
    row: isValidUtf8(bytes[index]?.image ?? '')
      ? decodeImage(table, text)
      : invalidUnicode(columnInDoubt(table, parseImage(text) ?? {})),
    isNameless: !isValidUtf8(bytes[index]?.id ?? ''),
  }));
}

/** An image that capture or the store wrote down earlier. */
export interface StoredImage {
  readonly text: string;
  /** Time at which it was written, for columns that came later and default to `now`. */
  readonly at: string;
  /** The text's bytes as hexadecimal digits; asked only when there is doubt. */
  readonly hex: () => Promise<string>;
}

/**
 * Reads an image from the outbox. Columns that were declared since then get their default, those no longer declared
 * are left out, so that an upgrade does not strand unsent work.
 */
export async function readStoredImage(
  table: TableDefinition,
  image: StoredImage,
): Promise<ImageResult> {
  const raw = parseImage(image.text);
  if (raw === undefined) {
    return {
      ok: false,
      code: 'record_invalid',
      column: 'id',
      detail: 'the stored change cannot be read',
    };
  }
  if (image.text.includes(REPLACEMENT) && !isValidUtf8(await image.hex())) {
    return invalidUnicode(columnInDoubt(table, raw));
  }
  return canonicalizeRow(table, completed(table, raw, image.at));
}

/** A stored image's values by declared column. */
export function completed(
  table: TableDefinition,
  raw: Readonly<Record<string, unknown>>,
  at: string,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const column of table.columns) {
    const fallback = column.default === 'now' ? at : column.default;
    if (Object.hasOwn(raw, column.name)) row[column.name] = raw[column.name];
    else if (fallback !== undefined) row[column.name] = fallback;
    else if (column.nullable === true) row[column.name] = null;
  }
  return row;
}

/** The members of an image; undefined when the text is none. */
export function parseImage(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // Images are made by json_object or JSON.stringify of a row.
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function columnInDoubt(table: TableDefinition, raw: Readonly<Record<string, unknown>>): string {
  const doubtful = table.columns.find(({ name }) => {
    const value = raw[name];
    return typeof value === 'string' && value.includes(REPLACEMENT);
  });
  return doubtful?.name ?? 'id';
}
