import type { SentChange } from '../slave-store.ts';
import type { SlaveTxContext } from './slave-context.ts';
import { OUTBOX_FIELDS, toOutboxEntry, type OutboxRow } from './slave-outbox-entry.ts';
import type { SqlRunner } from './sql-database.ts';

/** Sent changes that are kept at most, and the bytes of their images: days of a busy shop, in little space. */
const MAX_SENT = 10_000;
const MAX_SENT_BYTES = 64 * 1024 * 1024;

/** Bytes of images that are read at once; one row may exceed it. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

const COPIED =
  'table_name, row_id, action, columns, image, before, deltas, counted, base_position, captured_at';

/** See `SlaveWriteTx.keepSent`. Costs one copy within the database and a look at an index. */
export async function keepSent(
  sql: SqlRunner,
  upTo: number,
  refused: readonly number[],
): Promise<void> {
  await sql.run(
    `INSERT INTO sync_sent (incarnation, op, bytes, ${COPIED})
      SELECT (SELECT incarnation FROM sync_state), op,
        coalesce(octet_length(image), 0) + coalesce(octet_length(before), 0), ${COPIED}
      FROM sync_outbox WHERE op <= $1 AND is_void = 0
        AND op NOT IN (SELECT value FROM json_each($2)) ORDER BY op`,
    [upTo, JSON.stringify(refused)],
  );
  await sql.run('DELETE FROM sync_sent WHERE place <= (SELECT max(place) FROM sync_sent) - $1', [
    MAX_SENT,
  ]);
  const [size] = await sql.all<{ bytes: number | null }>(
    'SELECT sum(bytes) AS bytes FROM sync_sent',
  );
  if ((size?.bytes ?? 0) <= MAX_SENT_BYTES) return;
  await sql.run(
    `DELETE FROM sync_sent WHERE place <= (SELECT max(place) FROM
      (SELECT place, sum(bytes) OVER (ORDER BY place DESC) AS newer FROM sync_sent) WHERE newer > $1)`,
    [MAX_SENT_BYTES],
  );
}

/** See `SlaveReadTx.sent`. */
export async function readSent(
  { sql, tables }: SlaveTxContext,
  after: number,
  limit: number,
): Promise<readonly SentChange[]> {
  const rows = await sql.all<OutboxRow & { place: number; incarnation: string }>(
    `SELECT place, incarnation, ${OUTBOX_FIELDS} FROM (SELECT *, 0 AS is_void, 0 AS attempts FROM
        (SELECT *, sum(bytes) OVER (ORDER BY place) AS total FROM sync_sent WHERE place > $1 ORDER BY place LIMIT $2)
      WHERE total - bytes <= $3) ORDER BY place`,
    [after, limit, MAX_READ_BYTES],
  );
  const changes: SentChange[] = [];
  for (const row of rows) {
    const { place, incarnation } = row;
    // The master could read it, so its bytes were sound.
    const bytes = (): Promise<string> => Promise.resolve('');
    changes.push({ place, incarnation, entry: await toOutboxEntry(bytes, tables, row) });
  }
  return changes;
}

/** See `SlaveWriteTx.resend`. Numbers below zero come first when the outbox is numbered anew. */
export async function resend(sql: SqlRunner, places: readonly number[]): Promise<void> {
  const chosen = 'place IN (SELECT value FROM json_each($1))';
  const bind = [JSON.stringify(places)];
  await sql.run(
    `INSERT INTO sync_outbox (op, ${COPIED}, is_void, attempts)
      SELECT place - 1000000000000000, ${COPIED}, 0, 0 FROM sync_sent WHERE ${chosen} ORDER BY place`,
    bind,
  );
  await sql.run(`DELETE FROM sync_sent WHERE ${chosen}`, bind);
}

/** See `SlaveWriteTx.forgetSent`. */
export async function forgetSent(sql: SqlRunner): Promise<void> {
  await sql.run('DELETE FROM sync_sent');
}
