import { isoFromMillis, millisOf } from '../../core/canonical-time.ts';
import type { Mark } from '../master-store.ts';
import { readHead } from './master-read.ts';
import type { SqlDatabase, SqlRunner } from './sql-database.ts';

/** Changes between two marks at most, so that clients that know times only get on in small steps (rule POS2). */
const MARK_EVERY = 500;

/** A mark younger than this is fresh enough for a client that asks by time. */
const FRESH_MS = 1000;

/**
 * Gives positions to what has become visible (rule POS1, PostgreSQL only) inside the caller's transaction. Must be
 * the last thing a transaction does: it holds the one lock of numbering until the commit.
 */
export async function numberVisible(sql: SqlRunner): Promise<void> {
  if (sql.dialect === 'sqlite') return;
  await sql.run('SELECT position FROM sync_head WHERE id = 1 FOR UPDATE');
  await sql.run(`
    WITH visible AS (
      SELECT id, max(id) OVER (PARTITION BY transaction_id) AS last FROM sync_changes WHERE position IS NULL
    ), ordered AS (
      SELECT id, row_number() OVER (ORDER BY last, id) AS n FROM visible
    ), numbered AS (
      UPDATE sync_changes c SET position = h.position + o.n
      FROM ordered o, sync_head h WHERE c.id = o.id AND h.id = 1 RETURNING 1
    )
    UPDATE sync_head SET position = position + n.count, numbered = n.count FROM (SELECT count(*) AS count FROM numbered) n WHERE id = 1`);
}

/** Numbers what is new and marks it with a time; reads only when nothing is new. */
export async function numberAndMark(
  database: SqlDatabase,
  now: string,
  freshMark: boolean,
): Promise<Mark> {
  const last = await newestMark(database);
  const [state] = await database.all<{ head: number | string; unnumbered: number | boolean }>(
    database.dialect === 'sqlite'
      ? "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sync_changes'), 0) AS head, 0 AS unnumbered"
      : 'SELECT position AS head, EXISTS (SELECT 1 FROM sync_changes WHERE position IS NULL) AS unnumbered FROM sync_head WHERE id = 1',
  );
  const isNew = Boolean(state?.unnumbered) || Number(state?.head ?? 0) > last.position;
  const isStale = freshMark && millisOf(now) - millisOf(last.numberedAt) > FRESH_MS;
  return isNew || isStale ? database.write((sql) => markInside(sql, now)) : last;
}

async function markInside(sql: SqlRunner, now: string): Promise<Mark> {
  await numberVisible(sql);
  const head = await readHead(sql);
  const [newest, former] = await sql.all<MarkRow>(
    'SELECT position, numbered_at FROM sync_marks ORDER BY numbered_at DESC LIMIT 2',
  );
  const last =
    newest === undefined ? { position: 0, numberedAt: '0001-01-01T00:00:00.000Z' } : toMark(newest);
  // Times of marks only ever grow, whatever the clock does.
  let millis = Math.max(millisOf(now), millisOf(last.numberedAt) + 1);
  if (head === last.position) {
    // A second mark at the same place replaces the later one, so that waiting clients fill no table.
    if (former !== undefined && Number(former.position) === head) {
      await sql.run('DELETE FROM sync_marks WHERE numbered_at = $1', [last.numberedAt]);
    }
    return insertMarks(sql, [{ position: head, numberedAt: isoOf(millis) }]);
  }
  const marks: Mark[] = [];
  for (let position = last.position + MARK_EVERY; position < head; position += MARK_EVERY) {
    marks.push({ position, numberedAt: isoOf(millis) });
    millis += 1;
  }
  return insertMarks(sql, [...marks, { position: head, numberedAt: isoOf(millis) }]);
}

interface MarkRow {
  readonly position: number | string;
  readonly numbered_at: string;
}

async function newestMark(database: SqlDatabase): Promise<Mark> {
  const [row] = await database.all<MarkRow>(
    'SELECT position, numbered_at FROM sync_marks ORDER BY numbered_at DESC LIMIT 1',
  );
  return row === undefined ? { position: 0, numberedAt: '0001-01-01T00:00:00.000Z' } : toMark(row);
}

async function insertMarks(sql: SqlRunner, marks: readonly Mark[]): Promise<Mark> {
  const rows = JSON.stringify(marks.map((mark) => [mark.numberedAt, mark.position]));
  await sql.run(
    sql.dialect === 'sqlite'
      ? 'INSERT INTO sync_marks (numbered_at, position) SELECT value->>0, value->>1 FROM json_each($1)'
      : 'INSERT INTO sync_marks (numbered_at, position) SELECT j.value->>0, (j.value->>1)::bigint FROM jsonb_array_elements($1::jsonb) AS j(value)',
    [rows],
  );
  const last = marks.at(-1);
  if (last === undefined) throw new Error('no mark to insert');
  return last;
}

function toMark(row: MarkRow): Mark {
  return { position: Number(row.position), numberedAt: row.numbered_at };
}

function isoOf(millis: number): string {
  return isoFromMillis(millis) ?? '9999-12-31T23:59:59.999Z';
}
