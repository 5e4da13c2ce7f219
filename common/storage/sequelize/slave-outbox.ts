import type { Action } from '../../core/change.ts';
import type { CurrentBatch, NewOutboxEntry, OutboxEntry } from '../slave-store.ts';
import type { SlaveTxContext } from './slave-context.ts';
import { OUTBOX_FIELDS, outboxBytes, toOutboxEntry, type OutboxRow } from './slave-outbox-entry.ts';
import type { SqlRunner } from './sql-database.ts';

/** Unsent changes, voids not counted; reads the partial index only. */
export async function pendingCount(sql: SqlRunner): Promise<number> {
  const [row] = await sql.all<{ n: number }>(
    'SELECT count(*) AS n FROM sync_outbox WHERE is_void = 0',
  );
  return row?.n ?? 0;
}

/** Unsent changes by table and action. */
export async function pendingByTable(
  sql: SqlRunner,
): Promise<readonly { readonly table: string; readonly action: Action; readonly count: number }[]> {
  return sql.all(`SELECT table_name AS "table", action, count(*) AS count FROM sync_outbox
    WHERE is_void = 0 GROUP BY table_name, action ORDER BY table_name, action`);
}

/** Oldest entries after an operation number, voids included; see `SlaveReadTx.outbox`. */
export async function readOutbox(
  context: SlaveTxContext,
  after: number,
  limit: number,
  maxBytes: number,
): Promise<readonly OutboxEntry[]> {
  const upTo = await lastWithin(context.sql, after, limit, maxBytes);
  const rows = await context.sql.all<OutboxRow>(
    `SELECT ${OUTBOX_FIELDS} FROM sync_outbox WHERE op > $1 AND op <= $2 ORDER BY op`,
    [after, upTo],
  );
  return entriesOf(context, rows);
}

/** Unsent entries of rows, voids not included, keyed by id. */
export async function pendingOf(
  context: SlaveTxContext,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly OutboxEntry[]>> {
  const rows = await context.sql.all<OutboxRow>(
    `SELECT ${OUTBOX_FIELDS} FROM sync_outbox
      WHERE table_name = $1 AND row_id IN (SELECT value FROM json_each($2)) AND is_void = 0 ORDER BY op`,
    [table, JSON.stringify(ids)],
  );
  return Map.groupBy(await entriesOf(context, rows), (entry) => entry.id);
}

/** Removes entries up to an operation number. */
export async function clearOutbox(sql: SqlRunner, upTo: number): Promise<void> {
  await sql.run('DELETE FROM sync_outbox WHERE op <= $1', [upTo]);
}

/** Turns an entry into a void and drops its content, which is among the rejected by now. */
export async function voidEntry(sql: SqlRunner, operation: number): Promise<void> {
  await sql.run(
    'UPDATE sync_outbox SET is_void = 1, image = NULL, before = NULL, deltas = NULL WHERE op = $1',
    [operation],
  );
}

/** Removes entries by operation number. */
export async function dropEntries(sql: SqlRunner, operations: readonly number[]): Promise<void> {
  await sql.run('DELETE FROM sync_outbox WHERE op IN (SELECT value FROM json_each($1))', [
    JSON.stringify(operations),
  ]);
}

/** Appends an entry and returns its operation number. */
export async function enqueue(sql: SqlRunner, entry: NewOutboxEntry): Promise<number> {
  await sql.run(
    `INSERT INTO sync_outbox (table_name, row_id, action, columns, image, before, deltas, counted,
      base_position, captured_at, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      entry.table,
      entry.id,
      entry.action,
      entry.columns.join(','),
      entry.row === null ? null : JSON.stringify(entry.row),
      entry.before === null ? null : JSON.stringify(entry.before),
      JSON.stringify(entry.deltas),
      entry.counted ? 1 : 0,
      entry.basePosition,
      entry.capturedAt,
      entry.attempts,
    ],
  );
  const [row] = await sql.all<{ op: number }>('SELECT last_insert_rowid() AS op');
  return row?.op ?? 0;
}

/** Base positions of unsent and rejected changes, and versions of shadows, for a new epoch. */
export async function rebaseOutbox(sql: SqlRunner, position: number): Promise<void> {
  await sql.run('UPDATE sync_outbox SET base_position = $1', [position]);
  await sql.run(`UPDATE sync_rejected SET base_position = $1 WHERE direction = 'up'`, [position]);
  await sql.run('UPDATE sync_shadow SET version = $1', [position]);
}

/** Numbers the unsent entries 1, 2, 3... in order, drops voids and the batch that spoke of the old numbers. */
export async function renumberOutbox(sql: SqlRunner): Promise<void> {
  await sql.run('DELETE FROM sync_batch');
  await sql.run('DELETE FROM sync_outbox WHERE is_void = 1');
  // By way of negative numbers, so that no entry ever takes the number of one that still has it.
  await sql.run('UPDATE sync_outbox SET op = -op');
  await sql.run(`UPDATE sync_outbox SET op = ranked.number
    FROM (SELECT op AS old, row_number() OVER (ORDER BY op DESC) AS number FROM sync_outbox) AS ranked
    WHERE sync_outbox.op = ranked.old`);
  await sql.run(`DELETE FROM sqlite_sequence WHERE name = 'sync_outbox'`);
  await sql.run(
    `INSERT INTO sqlite_sequence (name, seq) SELECT 'sync_outbox', count(*) FROM sync_outbox`,
  );
}

/** The batch on its way. */
export async function currentBatch(sql: SqlRunner): Promise<CurrentBatch | null> {
  const [row] = await sql.all<CurrentBatch>(
    'SELECT batch_id AS "batchId", first_op AS "firstOperation", last_op AS "lastOperation" FROM sync_batch',
  );
  return row ?? null;
}

/** Writes down the batch on its way, or that there is none (rule ONCE1). */
export async function saveBatch(sql: SqlRunner, batch: CurrentBatch | null): Promise<void> {
  await sql.run('DELETE FROM sync_batch');
  if (batch === null) return;
  await sql.run('INSERT INTO sync_batch (id, batch_id, first_op, last_op) VALUES (1, $1, $2, $3)', [
    batch.batchId,
    batch.firstOperation,
    batch.lastOperation,
  ]);
}

/** Greatest operation number whose entries, from the first on, fit `maxBytes`; sizes are read without the texts. */
async function lastWithin(
  sql: SqlRunner,
  after: number,
  limit: number,
  maxBytes: number,
): Promise<number> {
  const sizes = await sql.all<{ op: number; bytes: number }>(
    `SELECT op, coalesce(octet_length(image), 0) + coalesce(octet_length(before), 0) AS bytes
      FROM sync_outbox WHERE op > $1 ORDER BY op LIMIT $2`,
    [after, limit],
  );
  let total = 0;
  let last = sizes[0]?.op ?? after;
  for (const { op, bytes } of sizes) {
    total += bytes;
    if (total > maxBytes) break;
    last = op;
  }
  return last;
}

async function entriesOf(
  { sql, tables }: SlaveTxContext,
  rows: readonly OutboxRow[],
): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  for (const row of rows) entries.push(await toOutboxEntry(outboxBytes(sql), tables, row));
  return entries;
}
