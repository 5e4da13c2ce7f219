import { subtractNumbers } from '../../core/canonical-number.ts';
import { canonicalize, isValidKey } from '../../core/canonical-value.ts';
import type { Action, Deltas } from '../../core/change.ts';
import type { ColumnDefinition, TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { ImageResult } from '../master-store.ts';
import type { OutboxEntry } from '../slave-store.ts';
import { parseImage, readStoredImage } from './slave-images.ts';
import type { SqlRunner } from './sql-database.ts';

/** A row of `sync_outbox`, as {@link OUTBOX_FIELDS} selects it. */
export interface OutboxRow {
  readonly op: number;
  readonly table_name: string;
  readonly row_id: string;
  readonly action: Action;
  readonly columns: string;
  readonly image: string | null;
  readonly before: string | null;
  readonly deltas: string | null;
  readonly counted: number;
  readonly base_position: number;
  readonly captured_at: string;
  readonly is_void: number;
  readonly attempts: number;
}

/** Columns for {@link OutboxRow}. Keys may be of any type, since triggers never refuse what a program writes. */
export const OUTBOX_FIELDS = `op, table_name, coalesce(CAST(row_id AS TEXT), '') AS row_id, action,
  coalesce(columns, '') AS columns, image, before, deltas, coalesce(counted, 0) AS counted,
  coalesce(base_position, 0) AS base_position, captured_at, is_void, attempts`;

/** The bytes of a stored image as hexadecimal digits. */
export type ImageBytes = (row: OutboxRow, side: 'image' | 'before') => Promise<string>;

/** Reads one outbox row. What cannot be carried exactly is told in `after` and `before`, never thrown (P6). */
export async function toOutboxEntry(
  bytes: ImageBytes,
  tables: TableRegistry,
  row: OutboxRow,
): Promise<OutboxEntry> {
  const table = tables.byName.get(row.table_name);
  const { after, before } = await imagesOf(bytes, table, row);
  const known = row.columns.split(',').filter((name) => table?.columnByName.has(name) ?? false);
  return {
    operation: row.op,
    table: row.table_name,
    id: row.row_id,
    action: row.action,
    columns: known,
    after,
    before,
    deltas: table === undefined ? {} : deltasOf(table, row, known),
    counted: row.counted === 1,
    basePosition: row.base_position,
    capturedAt: row.captured_at,
    isVoid: row.is_void === 1,
    attempts: row.attempts,
  };
}

async function imagesOf(
  bytes: ImageBytes,
  table: TableDefinition | undefined,
  row: OutboxRow,
): Promise<{ readonly after: ImageResult; readonly before: ImageResult | null }> {
  if (table === undefined) {
    return {
      after: {
        ok: false,
        code: 'table_unknown',
        column: 'id',
        detail: `table ${row.table_name} is not declared`,
      },
      before: null,
    };
  }
  const read = async (side: 'image' | 'before', text: string): Promise<ImageResult> =>
    readStoredImage(table, { text, at: row.captured_at, hex: () => bytes(row, side) });
  const before = row.before === null ? null : await read('before', row.before);
  if (row.image === null) return { after: { ok: true, row: { id: row.row_id } }, before };
  const after = await read('image', row.image);
  if (after.ok && !isValidKey(after.row['id'])) {
    const detail = 'the id must be text of 1 to 64 characters';
    return { after: { ok: false, code: 'key_invalid', column: 'id', detail }, before };
  }
  return { after, before };
}

/** Looks the bytes up in the outbox. */
export function outboxBytes(sql: SqlRunner): ImageBytes {
  return async ({ op }, side) => {
    const [row] = await sql.all<{ bytes: string }>(
      `SELECT hex(${side}) AS bytes FROM sync_outbox WHERE op = $1`,
      [op],
    );
    return row?.bytes ?? '';
  };
}

/** Triggers keep no amounts, since SQLite's own subtraction rounds; they are the difference of the images. */
function deltasOf(table: TableDefinition, row: OutboxRow, columns: readonly string[]): Deltas {
  // Written by enqueue only, from a Deltas.
  if (row.deltas !== null) return JSON.parse(row.deltas) as Deltas;
  if (row.action !== 'update') return {};
  const counters = table.columns.filter(({ name, counter }) => counter && columns.includes(name));
  if (counters.length === 0) return {};
  const after = parseImage(row.image ?? '{}');
  const before = parseImage(row.before ?? '{}');
  const deltas: Record<string, string | number> = {};
  for (const column of counters) {
    const delta = difference(column, after?.[column.name], before?.[column.name]);
    if (delta !== undefined) deltas[column.name] = delta;
  }
  return deltas;
}

function difference(
  column: ColumnDefinition,
  rawAfter: unknown,
  rawBefore: unknown,
): string | number | undefined {
  const after = numberOf(column, rawAfter);
  const before = numberOf(column, rawBefore);
  const { type } = column;
  if (after === undefined || before === undefined) return undefined;
  if (type.kind !== 'integer' && type.kind !== 'decimal') return undefined;
  const result = subtractNumbers(type, after, before);
  return result.ok && isNumber(result.value) ? result.value : undefined;
}

function numberOf(column: ColumnDefinition, raw: unknown): string | number | undefined {
  const result = canonicalize(column, raw);
  return result.ok && isNumber(result.value) ? result.value : undefined;
}

function isNumber(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
