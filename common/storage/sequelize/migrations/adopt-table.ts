import { SyncError } from '../../../core/sync-error.ts';
import type { ColumnDefinition, TableDefinition } from '../../../core/table-definition.ts';
import { classifyDatabaseError } from '../database-error.ts';
import {
  affinityOf,
  objectKind,
  presentColumns,
  presentUniqueKeys,
  type Affinity,
  type PresentColumn,
} from '../dialects/sqlite-inspect.ts';
import { columnDdl, sqliteTable } from '../dialects/sqlite-table.ts';
import { quote } from '../dialects/table-sql.ts';
import { TIME_STYLE_KEY } from '../slave-context.ts';
import type { SqlRunner } from '../sql-database.ts';

/** Values looked at to tell how an application writes times. */
const STYLE_SAMPLE = 1000;

/**
 * Brings a table that exists up to its declaration: adds columns that are missing, and a unique index on `id` where
 * there is none. Rows and everything else stay as they are.
 *
 * @returns what was added, as `table.column`.
 * @throws SyncError `schema_mismatch` naming table and column.
 */
export async function extendTable(
  sql: SqlRunner,
  table: TableDefinition,
  nowIso: string,
): Promise<readonly string[]> {
  if ((await objectKind(sql, table.name)) === 'view') {
    throw mismatch(table, 'it is a view; only tables can be synced');
  }
  const present = await presentColumns(sql, table.name);
  const missing: ColumnDefinition[] = [];
  for (const column of table.columns) {
    const found = present.find(({ name }) => name === column.name);
    if (found === undefined) missing.push(checkedMissing(table, column, present));
    else checkPresent(table, column, found);
  }
  for (const column of missing) await addColumn(sql, table, column, nowIso);
  const added = missing.map(({ name }) => `${table.name}.${name}`);
  return (await ensureKey(sql, table)) ? [...added, `${table.name}.id (unique index)`] : added;
}

/** Notes in `sync_meta` which time columns the application writes as `YYYY-MM-DD HH:MM:SS`. */
export async function noteTimeStyles(sql: SqlRunner, table: TableDefinition): Promise<void> {
  const columns = table.columns.filter(({ type }) => type.kind === 'timestamp');
  const styles = new Map<string, 'iso' | 'sql' | 'unknown'>();
  for (const { name } of columns) styles.set(name, await timeStyleOf(sql, table, name));
  const isSqlWriter = [...styles.values()].includes('sql');
  for (const [name, style] of styles) {
    // An empty column is written by the same application as its neighbours.
    if (style === 'sql' || (style === 'unknown' && isSqlWriter)) {
      await sql.run(
        `INSERT INTO sync_meta (key, value) VALUES ($1, 'sql') ON CONFLICT DO NOTHING`,
        [`${TIME_STYLE_KEY}${table.name}.${name}`],
      );
    }
  }
}

/** Puts rows that were there before capture into the outbox, in the order in which they are stored. */
export async function offerRows(
  sql: SqlRunner,
  table: TableDefinition,
  nowIso: string,
): Promise<number> {
  const [row] = await sql.all<{ n: number }>(`SELECT count(*) AS n FROM ${quote(table.name)}`);
  if (table.sync.direction === 'down') return row?.n ?? 0;
  // Base position 0: whoever wrote these rows knew nothing of the master's.
  await sql.run(
    `INSERT INTO sync_outbox (table_name, row_id, action, columns, image, base_position, captured_at)
      SELECT '${table.name}', t.id, 'create', '', ${sqliteTable.image(table, 't')}, 0, $1
      FROM ${quote(table.name)} t`,
    [nowIso],
  );
  return row?.n ?? 0;
}

function checkedMissing(
  table: TableDefinition,
  column: ColumnDefinition,
  present: readonly PresentColumn[],
): ColumnDefinition {
  const similar = present.find(({ name }) => name.toLowerCase() === column.name);
  if (similar !== undefined) {
    throw mismatch(table, `its column ${similar.name} must be named ${column.name}`);
  }
  const canAdd = column.nullable === true || column.default !== undefined;
  if (column.name === 'id' || !canAdd) {
    throw mismatch(
      table,
      `it has no column ${column.name}, and it cannot be added because it needs a value in every row`,
    );
  }
  return column;
}

/** Refuses columns that would change values when they are written. */
function checkPresent(
  table: TableDefinition,
  column: ColumnDefinition,
  found: PresentColumn,
): void {
  if (found.isGenerated) {
    throw mismatch(table, `its column ${column.name} is computed and cannot be written`);
  }
  if (spoils(column, affinityOf(found.type))) {
    throw mismatch(
      table,
      `its column ${column.name} is declared ${found.type}, in which SQLite would change ${column.type.kind} values`,
    );
  }
}

function spoils(column: ColumnDefinition, affinity: Affinity): boolean {
  switch (column.type.kind) {
    case 'text':
      return affinity !== 'text' && affinity !== 'blob';
    case 'integer':
      return affinity === 'real';
    case 'boolean':
      return affinity === 'text';
    case 'decimal':
    case 'timestamp':
    case 'json':
    case 'blob':
      return false;
  }
}

/** SQLite adds neither unique columns nor ones whose default is an expression. */
async function addColumn(
  sql: SqlRunner,
  table: TableDefinition,
  column: ColumnDefinition,
  nowIso: string,
): Promise<void> {
  const { unique, ...plain } = column;
  const addable = plain.default === 'now' ? { ...plain, default: nowIso } : plain;
  await sql.run(`ALTER TABLE ${quote(table.name)} ADD COLUMN ${columnDdl(addable)}`);
  if (unique === true) await addUniqueIndex(sql, table, column.name);
}

async function ensureKey(sql: SqlRunner, table: TableDefinition): Promise<boolean> {
  const keys = await presentUniqueKeys(sql, table.name, 'whole');
  if (keys.some((key) => key.length === 1 && key[0] === 'id')) return false;
  await addUniqueIndex(sql, table, 'id');
  return true;
}

async function addUniqueIndex(
  sql: SqlRunner,
  table: TableDefinition,
  column: string,
): Promise<void> {
  const name = quote(`sync_unique_${table.name}_${column}`);
  try {
    await sql.run(
      `CREATE UNIQUE INDEX IF NOT EXISTS ${name} ON ${quote(table.name)} (${quote(column)})`,
    );
  } catch (thrown) {
    if (classifyDatabaseError(thrown)?.kind !== 'row') throw thrown;
    throw mismatch(table, `several rows have the same ${column}, which must be unique`);
  }
}

async function timeStyleOf(
  sql: SqlRunner,
  table: TableDefinition,
  column: string,
): Promise<'iso' | 'sql' | 'unknown'> {
  const [row] = await sql.all<{ total: number; plain: number | null }>(
    `SELECT count(*) AS total, sum(value GLOB '????-??-?? ??:??*') AS plain FROM (
      SELECT ${quote(column)} AS value FROM ${quote(table.name)} WHERE ${quote(column)} IS NOT NULL LIMIT ${STYLE_SAMPLE})`,
  );
  if (row === undefined || row.total === 0) return 'unknown';
  return (row.plain ?? 0) * 2 > row.total ? 'sql' : 'iso';
}

function mismatch(table: TableDefinition, reason: string): SyncError {
  return new SyncError('schema_mismatch', `table ${table.name} cannot be synced: ${reason}`, {
    hint: 'Change the table or its declaration in common/tables, then run db:migrate again.',
    details: { table: table.name },
  });
}
