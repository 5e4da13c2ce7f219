import type { ChangeNote } from '../master-store.ts';
import type { SqlRunner } from './sql-database.ts';

/**
 * Adds what the capture triggers could not know to the log entries that this transaction has written. A row written
 * more than once has several entries; its movements stand in the last of them, so that they are added up once.
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
    ]),
  );
  return sql.dialect === 'sqlite' ? sql.run(SQLITE, [rows, headBefore]) : sql.run(POSTGRES, [rows]);
}

const SQLITE = `UPDATE sync_changes SET changed_at = j.changed_at, echo = j.echo, counted_at = j.counted_at,
    moves = CASE WHEN j.moves IS NULL THEN sync_changes.moves WHEN position = j.newest THEN j.moves END,
    columns = CASE action WHEN 'create' THEN coalesce(j.revived, columns) ELSE columns END
  FROM (SELECT value->>0 AS table_name, value->>1 AS row_id, value->>2 AS changed_at, value->>3 AS echo,
      value->>4 AS counted_at, value->>5 AS moves, value->>6 AS revived,
      (SELECT max(l.position) FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1) AS newest
    FROM jsonb_each($1)) AS j
  WHERE sync_changes.table_name = j.table_name AND sync_changes.row_id = j.row_id AND sync_changes.position > $2`;

const POSTGRES = `UPDATE sync_changes c SET changed_at = j.changed_at, echo = j.echo, counted_at = j.counted_at,
    moves = CASE WHEN j.moves IS NULL THEN c.moves WHEN c.id = j.newest THEN j.moves END,
    columns = CASE c.action WHEN 'create' THEN coalesce(j.revived, c.columns) ELSE c.columns END
  FROM (SELECT value->>0 AS table_name, value->>1 AS row_id, value->>2 AS changed_at, (value->>3)::int AS echo,
      value->>4 AS counted_at, value->>5 AS moves, value->>6 AS revived,
      (SELECT max(l.id) FROM sync_changes l WHERE l.table_name = value->>0 AND l.row_id = value->>1 AND l.position IS NULL) AS newest
    FROM jsonb_array_elements($1::jsonb)) AS j
  WHERE c.table_name = j.table_name AND c.row_id = j.row_id AND c.position IS NULL
    AND c.transaction_id = pg_current_xact_id()::text`;
