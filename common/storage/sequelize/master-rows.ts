import { canonicalize, canonicalizeColumns } from '../../core/canonical-value.ts';
import type { Action, CounterMove, LoggedChange } from '../../core/change.ts';
import { completeRow } from '../../core/complete-row.ts';
import type { TableDefinition } from '../../core/table-definition.ts';
import type { ImageResult, SlaveState, StoredBatch } from '../master-store.ts';
import { decodeImage, invalidUnicode, isValidUtf8, REPLACEMENT } from './row-codec.ts';
import type { SqlRunner } from './sql-database.ts';

/** A row of `sync_changes` as merging reads it. */
export interface LoggedRow {
  readonly row_id: string;
  readonly position: number | string | null;
  readonly action: Action;
  readonly columns: string;
  readonly moves: string | null;
  readonly counted_at: string | null;
  readonly changed_at: string;
  readonly origin: string;
  readonly generation: number;
}

/** Stands in place of column names in the log entry of a row that was deleted and made anew at once. */
export const ANEW = '*';

/** Reads a logged change; a movement that cannot be read exactly counts as none. */
export function toLoggedChange(table: TableDefinition, row: LoggedRow): LoggedChange {
  const isAnew = row.columns === ANEW;
  return {
    position: row.position === null ? Infinity : Number(row.position),
    action: row.action,
    columns: row.columns === '' || isAnew ? [] : row.columns.split(','),
    ...(isAnew ? { isAnew } : {}),
    moves: readMoves(table, row),
    countedAt: row.counted_at,
    changedAt: row.changed_at,
    origin: row.origin,
    generation: row.generation,
  };
}

/** The trigger notes one amount a column; uploads note a list with times. */
function readMoves(table: TableDefinition, row: LoggedRow): LoggedChange['moves'] {
  if (row.moves === null) return {};
  const moves: Record<string, readonly CounterMove[]> = {};
  for (const [name, noted] of Object.entries(JSON.parse(row.moves) as Record<string, unknown>)) {
    const column = table.columnByName.get(name);
    if (column === undefined) continue;
    const list = Array.isArray(noted)
      ? (noted as CounterMove[])
      : [{ amount: noted, at: row.changed_at }];
    moves[name] = list.flatMap(({ amount, at }): readonly CounterMove[] => {
      const value = canonicalize(column, amount);
      return value.ok && value.value !== null && value.value !== 0
        ? [{ amount: value.value as string | number, at }]
        : [];
    });
  }
  return moves;
}

/** Whether an image may hold bytes that are no UTF-8, which the SQLite driver replaces silently. */
export function needsByteCheck(image: string): boolean {
  return image.includes(REPLACEMENT);
}

/**
 * Reads a row image. The SQLite driver replaces bytes that are no UTF-8 silently, so an image with the
 * replacement character is checked against its bytes, which `hexOf` fetches.
 */
export async function readImage(
  table: TableDefinition,
  image: string,
  hexOf: () => Promise<string>,
): Promise<ImageResult> {
  if (needsByteCheck(image) && !isValidUtf8(await hexOf())) {
    const column = table.columns.find(({ type }) => type.kind === 'text')?.name ?? 'id';
    return invalidUnicode(column);
  }
  return decodeImage(table, image);
}

/**
 * Reads an image out of the change log, which may be older than the table's declaration: columns that are no longer
 * declared are left out, and added ones have the value with which the migration filled them.
 *
 * @param logged `changed_at` stands for the default `now`.
 */
export async function readLoggedImage(
  table: TableDefinition,
  logged: { readonly image: string; readonly changed_at: string },
  hexOf: () => Promise<string>,
): Promise<ImageResult> {
  const result = await readImage(table, logged.image, hexOf);
  if (result.ok || (result.code !== 'column_unknown' && result.code !== 'record_invalid')) {
    return result;
  }
  const image = JSON.parse(logged.image) as Record<string, unknown>;
  const declared = Object.entries(image).filter(([name]) => table.columnByName.has(name));
  const known = canonicalizeColumns(table, Object.fromEntries(declared));
  if (!known.ok) return known;
  const completed = completeRow(table, known.row, logged.changed_at);
  return completed.ok ? completed : { ...completed, column: result.column };
}

/** Expression of a text's bytes as hexadecimal digits. */
export function hexExpression(sql: SqlRunner, expression: string): string {
  return sql.dialect === 'sqlite'
    ? `hex(${expression})`
    : `encode(convert_to(${expression}, 'UTF8'), 'hex')`;
}

/** A row of `sync_slaves`. */
export interface SlaveRow {
  readonly name: string;
  readonly incarnation: string;
  readonly former_incarnations: string;
  readonly last_operation: number | string;
  readonly nonce: string;
  readonly exchange_id: string;
  readonly former_nonce: string;
  readonly acknowledged_position: number | string;
  readonly pending: number | string | null;
  readonly last_contact_at: string | null;
  readonly last_status: string | null;
  readonly last_message: string | null;
  readonly protocol: number | null;
  readonly program_version: string | null;
  readonly clock_offset_ms: number | string | null;
  readonly created_at: string;
}

/** Reads a slave's state. */
export function toSlaveState(row: SlaveRow): SlaveState {
  return {
    name: row.name,
    incarnation: row.incarnation,
    formerIncarnations: JSON.parse(row.former_incarnations) as string[],
    lastOperation: Number(row.last_operation),
    nonce: row.nonce,
    exchangeId: row.exchange_id,
    formerNonce: row.former_nonce,
    acknowledgedPosition: Number(row.acknowledged_position),
    pending: row.pending === null ? null : Number(row.pending),
    lastContactAt: row.last_contact_at,
    lastStatus: row.last_status,
    lastMessage: row.last_message,
    protocol: row.protocol,
    programVersion: row.program_version,
    clockOffsetMs: row.clock_offset_ms === null ? null : Number(row.clock_offset_ms),
    createdAt: row.created_at,
  };
}

/** A row of `sync_batches`. */
export interface BatchRow {
  readonly slave: string;
  readonly incarnation: string;
  readonly batch_id: string;
  readonly first_operation: number | string | null;
  readonly last_operation: number | string | null;
  readonly content_hash: string;
  readonly record_hashes: string;
  readonly answer: string;
  readonly created_at: string;
}

/** Reads a stored batch. */
export function toStoredBatch(row: BatchRow): StoredBatch {
  return {
    slave: row.slave,
    incarnation: row.incarnation,
    batchId: row.batch_id,
    firstOperation: row.first_operation === null ? null : Number(row.first_operation),
    lastOperation: row.last_operation === null ? null : Number(row.last_operation),
    contentHash: row.content_hash,
    recordHashes: JSON.parse(row.record_hashes) as string[],
    answer: row.answer,
    createdAt: row.created_at,
  };
}
