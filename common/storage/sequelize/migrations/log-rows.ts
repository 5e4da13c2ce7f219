import type { TableDefinition } from '../../../core/table-definition.ts';
import { postgresTable } from '../dialects/postgres-table.ts';
import { SQLITE_NOW, sqliteTable } from '../dialects/sqlite-table.ts';
import { quote } from '../dialects/table-sql.ts';
import type { SqlRunner } from '../sql-database.ts';

const COLUMNS =
  'table_name, row_id, action, columns, image, generation, origin, transaction_id, changed_at';

/** Rows that were there before capture get a place in the change log, as if they were made now. Tells how many. */
export async function logUnlogged(sql: SqlRunner, table: TableDefinition): Promise<number> {
  const missing = `NOT ${isLogged(sql, table)}`;
  const [count] = await sql.all<{ n: number | string }>(
    `SELECT count(*) AS n FROM ${quote(table.name)} t WHERE ${missing}`,
  );
  const rows = Number(count?.n ?? 0);
  if (rows === 0) return 0;
  await sql.run(`INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', ${keyText(sql)}, 'create', '', ${imageOf(sql, table)}, 1, ${shared(sql)}
    FROM ${quote(table.name)} t WHERE ${missing} ORDER BY t.id`);
  return rows;
}

/**
 * Logs what was changed and deleted while a table's capture was not whole, by comparing each row with its last entry.
 * New rows are for {@link logUnlogged}.
 */
export async function logMissedChanges(sql: SqlRunner, table: TableDefinition): Promise<void> {
  const columns = table.columns.map(({ name }) => name).filter((name) => name !== 'id');
  const last = `SELECT * FROM (SELECT c.*, row_number() OVER (PARTITION BY c.row_id ORDER BY ${newestFirst(sql)}) AS age
      FROM sync_changes c WHERE c.table_name = '${table.name}') AS logged WHERE age = 1`;
  await sql.run(`INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', l.row_id, 'delete', '', l.image, (l.generation | 1) + 1, ${shared(sql)}
    FROM (${last}) AS l LEFT JOIN ${quote(table.name)} t ON l.row_id = ${keyText(sql)}
    WHERE l.action <> 'delete' AND t.id IS NULL`);
  await sql.run(`INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', l.row_id, CASE l.action WHEN 'delete' THEN 'create' ELSE 'update' END,
      CASE l.action WHEN 'delete' THEN '' ELSE '${columns.join(',')}' END, ${imageOf(sql, table)},
      CASE l.action WHEN 'delete' THEN l.generation + 1 ELSE l.generation | 1 END, ${shared(sql)}
    FROM (${last}) AS l JOIN ${quote(table.name)} t ON l.row_id = ${keyText(sql)}
    WHERE l.action = 'delete' OR l.image <> ${imageOf(sql, table)}`);
}

/** Logs every row that is in the log as changed in columns that a migration has just filled, so that slaves get the same values. */
export async function logFilledColumns(
  sql: SqlRunner,
  table: TableDefinition,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  await sql.run(`INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', ${keyText(sql)}, 'update', '${names.join(',')}', ${imageOf(sql, table)},
      coalesce((SELECT c.generation FROM sync_changes c WHERE c.table_name = '${table.name}' AND c.row_id = ${keyText(sql)} ORDER BY ${newestFirst(sql)} LIMIT 1), 0) | 1,
      ${shared(sql)}
    FROM ${quote(table.name)} t WHERE ${isLogged(sql, table)} ORDER BY t.id`);
}

function isLogged(sql: SqlRunner, table: TableDefinition): string {
  return `EXISTS (SELECT 1 FROM sync_changes c WHERE c.table_name = '${table.name}' AND c.row_id = ${keyText(sql)})`;
}

function newestFirst(sql: SqlRunner): string {
  return sql.dialect === 'sqlite' ? 'c.position DESC' : 'c.position DESC NULLS FIRST, c.id DESC';
}

/** SQLite lets keys be NULL where their table was made without care. */
function keyText(sql: SqlRunner): string {
  return sql.dialect === 'sqlite' ? "ifnull(CAST(t.id AS TEXT), '')" : 't.id';
}

function imageOf(sql: SqlRunner, table: TableDefinition): string {
  return (sql.dialect === 'sqlite' ? sqliteTable : postgresTable).image(table, 't');
}

/** Origin, transaction and time. */
function shared(sql: SqlRunner): string {
  return sql.dialect === 'sqlite'
    ? `'', NULL, ${SQLITE_NOW}`
    : `'', pg_current_xact_id()::text, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
