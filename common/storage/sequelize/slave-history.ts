import type { SyncReport } from '../../core/sync-report.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { StoredCycle, TableCounts } from '../slave-store.ts';
import { quote } from './dialects/table-sql.ts';
import type { SqlRunner } from './sql-database.ts';

/** Cycles that the history keeps. */
const MAX_CYCLES = 1000;

/** Notes that a cycle begins, and forgets the oldest ones. */
export async function beginCycle(sql: SqlRunner, startedAt: string): Promise<number> {
  await sql.run('INSERT INTO sync_cycles (started_at) VALUES ($1)', [startedAt]);
  const [row] = await sql.all<{ id: number }>('SELECT last_insert_rowid() AS id');
  const id = row?.id ?? 0;
  await sql.run('DELETE FROM sync_cycles WHERE cycle_id <= $1', [id - MAX_CYCLES]);
  return id;
}

/** Notes what a cycle did. */
export async function endCycle(
  sql: SqlRunner,
  cycleId: number,
  endedAt: string,
  report: SyncReport,
): Promise<void> {
  await sql.run('UPDATE sync_cycles SET ended_at = $1, report = $2 WHERE cycle_id = $3', [
    endedAt,
    JSON.stringify(report),
    cycleId,
  ]);
}

/** Newest cycles, newest first. */
export async function readCycles(sql: SqlRunner, limit: number): Promise<readonly StoredCycle[]> {
  const rows = await sql.all<{
    cycle_id: number;
    started_at: string;
    ended_at: string | null;
    report: string | null;
  }>('SELECT * FROM sync_cycles ORDER BY cycle_id DESC LIMIT $1', [limit]);
  return rows.map((row) => ({
    cycleId: row.cycle_id,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    // Written by endCycle only.
    report: row.report === null ? null : (JSON.parse(row.report) as SyncReport),
  }));
}

/** Keeps a partial page aside (rule DOWN3). */
export async function stagePage(sql: SqlRunner, text: string, rows: number): Promise<void> {
  await sql.run('INSERT INTO sync_staged (text, rows) VALUES ($1, $2)', [text, rows]);
}

/** Pages kept aside, oldest first. */
export async function stagedPages(
  sql: SqlRunner,
): Promise<readonly { readonly page: number; readonly text: string }[]> {
  return sql.all('SELECT page, text FROM sync_staged ORDER BY page');
}

/** Rows in the pages kept aside. */
export async function stagedRows(sql: SqlRunner): Promise<number> {
  const [row] = await sql.all<{ n: number }>('SELECT coalesce(sum(rows), 0) AS n FROM sync_staged');
  return row?.n ?? 0;
}

/** Forgets pages kept aside. */
export async function clearStaged(sql: SqlRunner): Promise<void> {
  await sql.run('DELETE FROM sync_staged');
}

/** Counts per declared table, in the order of the registry. */
export async function tableCounts(
  sql: SqlRunner,
  tables: TableRegistry,
): Promise<readonly TableCounts[]> {
  const pending = await countsBy(
    sql,
    'SELECT table_name AS name, count(*) AS n FROM sync_outbox WHERE is_void = 0 GROUP BY table_name',
  );
  const rejected = await countsBy(
    sql,
    'SELECT table_name AS name, count(*) AS n FROM sync_rejected GROUP BY table_name',
  );
  const conflicts = tables.byName.has('sync_conflicts')
    ? await countsBy(
        sql,
        `SELECT table_name AS name, count(*) AS n FROM sync_conflicts WHERE state = 'open' GROUP BY table_name`,
      )
    : new Map<string, number>();
  const counts: TableCounts[] = [];
  for (const { name } of tables.tables) {
    const [row] = await sql.all<{ n: number }>(`SELECT count(*) AS n FROM ${quote(name)}`);
    counts.push({
      table: name,
      rows: row?.n ?? 0,
      pending: pending.get(name) ?? 0,
      rejected: rejected.get(name) ?? 0,
      openConflicts: conflicts.get(name) ?? 0,
    });
  }
  return counts;
}

async function countsBy(sql: SqlRunner, query: string): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.all<{ name: string; n: number }>(query);
  return new Map(rows.map(({ name, n }) => [name, n]));
}
