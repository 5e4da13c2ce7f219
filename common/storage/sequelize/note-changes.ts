import type { ChangeNote } from '../master-store.ts';
import { ANEW } from './master-rows.ts';
import type { SqlRunner } from './sql-database.ts';

/**
 * Adds what the capture triggers could not know to the log entries that this transaction has written. A row written
 * more than once has several entries; its movements stand in the last of them, so that they are added up once. A row
 * that was deleted and made anew may have been written as an update, and is logged as the create that it is.
 *
 * @param headBefore SQLite: newest position before this transaction.
 */
export async function noteChanges(
  sql: SqlRunner,
  notes: readonly ChangeNote[],
  headBefore: number,
): Promise<void> {
  if (notes.length === 0) return;
  const rows = JSON.stringify(
    notes.map((note) => [
      note.table,
      note.id,
      note.changedAt,
      note.echo ? 1 : 0,
      note.countedAt,
      note.moves === null ? null : JSON.stringify(note.moves),
      note.revivedColumns?.join(',') ?? null,
      note.life === 'anew' ? 1 : 0,
    ]),
  );
  return sql.dialect === 'sqlite' ? sql.run(SQLITE, [rows, headBefore]) : sql.run(POSTGRES, [rows]);
}

/** What becomes of an entry's own columns; `is_anew` is true where one update stands for a delete and a create. */
const COMMON = `changed_at = j.changed_at, echo = j.echo, counted_at = j.counted_at,
    action = CASE WHEN j.is_anew THEN 'create' ELSE c.action END,
    generation = CASE WHEN j.is_anew THEN c.generation + 2 ELSE c.generation END,
    columns = CASE WHEN j.is_anew THEN '${ANEW}' WHEN c.action = 'create' THEN coalesce(j.revived, c.columns) ELSE c.columns END`;

const SQLITE = `UPDATE sync_changes AS c SET ${COMMON},
    moves = CASE WHEN j.moves IS NULL AND NOT j.is_anew THEN c.moves WHEN c.position = j.newest THEN j.moves END
  FROM (SELECT value->>0 AS table_name, value->>1 AS row_id, value->>2 AS changed_at, value->>3 AS echo,
      value->>4 AS counted_at, value->>5 AS moves, value->>6 AS revived,
      value->>7 = 1 AND NOT EXISTS (SELECT 1 FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1
        AND l.position > $2 AND l.action <> 'update') AS is_anew,
      (SELECT max(l.position) FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1) AS newest
    FROM jsonb_each($1)) AS j
  WHERE c.table_name = j.table_name AND c.row_id = j.row_id AND c.position > $2`;

const POSTGRES = `UPDATE sync_changes c SET ${COMMON},
    moves = CASE WHEN j.moves IS NULL AND NOT j.is_anew THEN c.moves WHEN c.id = j.newest THEN j.moves END
  FROM (SELECT value->>0 AS table_name, value->>1 AS row_id, value->>2 AS changed_at, (value->>3)::int AS echo,
      value->>4 AS counted_at, value->>5 AS moves, value->>6 AS revived,
      value->>7 = '1' AND NOT EXISTS (SELECT 1 FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1
        AND l.position IS NULL AND l.transaction_id = pg_current_xact_id()::text AND l.action <> 'update') AS is_anew,
      (SELECT max(l.id) FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1 AND l.position IS NULL) AS newest
    FROM jsonb_array_elements($1::jsonb)) AS j
  WHERE c.table_name = j.table_name AND c.row_id = j.row_id AND c.position IS NULL
    AND c.transaction_id = pg_current_xact_id()::text`;
