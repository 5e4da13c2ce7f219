import { SyncError } from '../../../core/sync-error.ts';
import type { ColumnDefinition, TableDefinition } from '../../../core/table-definition.ts';
import { columnDdl, postgresType } from '../dialects/postgres-table.ts';
import { quote } from '../dialects/table-sql.ts';
import type { SqlRunner } from '../sql-database.ts';

/** Prefix of the unique index on `id` in byte order, which pages are read by. */
export const KEY_INDEX_PREFIX = 'sync_key_';

/** A column as PostgreSQL describes it. */
interface PresentColumn {
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
  /** Digits after the point; null where the type sets no limit. */
  readonly scale: number | null;
  readonly precision: number | null;
  /** Decimals of a second. */
  readonly fraction: number | null;
}

/** Types that keep a column's values as they are, or can be made to. */
const FITTING: Readonly<Record<ColumnDefinition['type']['kind'], readonly string[]>> = {
  text: ['text', 'character varying'],
  integer: ['bigint', 'integer', 'smallint'],
  decimal: ['numeric', 'double precision', 'real'],
  boolean: ['boolean'],
  timestamp: ['timestamp with time zone', 'timestamp without time zone'],
  json: ['json', 'text'],
  blob: ['bytea'],
};

/** Columns of a table; empty where there is no such table. */
export async function presentPostgresColumns(
  sql: SqlRunner,
  table: string,
): Promise<readonly PresentColumn[]> {
  return sql.all<PresentColumn>(
    `SELECT column_name AS name, data_type AS type, collation_name AS collation, numeric_scale AS scale,
      numeric_precision AS precision, datetime_precision AS fraction
     FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema() ORDER BY ordinal_position`,
    [table],
  );
}

/**
 * Brings a table that exists up to its declaration: adds columns that are missing, widens those that would round
 * values, and makes the index by which pages are read. Rows stay as they are.
 *
 * @returns what was added or widened, as `table.column`.
 * @throws SyncError `schema_mismatch` naming table and column.
 */
export async function extendPostgresTable(
  sql: SqlRunner,
  table: TableDefinition,
): Promise<readonly string[]> {
  const present = await presentPostgresColumns(sql, table.name);
  const changed: string[] = [];
  for (const column of table.columns) {
    const found = present.find(({ name }) => name === column.name);
    if (found === undefined) await addColumn(sql, table, column);
    else if (!FITTING[column.type.kind].includes(found.type)) throw unfit(table, column, found);
    else if (rounds(column, found)) await widen(sql, table, column, found);
    else continue;
    changed.push(`${table.name}.${column.name}`);
  }
  if (present.find(({ name }) => name === 'id')?.collation !== 'C') await addKeyIndex(sql, table);
  return changed;
}

function unfit(table: TableDefinition, column: ColumnDefinition, found: PresentColumn): SyncError {
  return mismatch(
    table,
    `its column ${column.name} is ${found.type}, which cannot hold every ${column.type.kind} value; make it ${postgresType(column)}`,
  );
}

async function addColumn(
  sql: SqlRunner,
  table: TableDefinition,
  column: ColumnDefinition,
): Promise<void> {
  const canAdd = column.nullable === true || column.default !== undefined;
  if (column.name === 'id' || !canAdd) {
    throw mismatch(
      table,
      `it has no column ${column.name}, and it cannot be added because it needs a value in every row`,
    );
  }
  await sql.run(`ALTER TABLE ${quote(table.name)} ADD COLUMN ${columnDdl(column)}`);
}

/** Whether PostgreSQL would store another value than it is given, without a word. */
function rounds(column: ColumnDefinition, found: PresentColumn): boolean {
  if (column.type.kind === 'timestamp') return (found.fraction ?? 6) < 3;
  if (column.type.kind !== 'decimal') return false;
  if (found.type === 'real') return true;
  return found.type === 'numeric' && (found.scale ?? column.type.scale) < column.type.scale;
}

/** Wider types hold the same values, so the application's own reads and writes go on. */
async function widen(
  sql: SqlRunner,
  table: TableDefinition,
  column: ColumnDefinition,
  found: PresentColumn,
): Promise<void> {
  const type =
    column.type.kind === 'timestamp'
      ? found.type.replace('timestamp', 'timestamp(3)')
      : widerNumeric(column, found);
  await sql.run(`ALTER TABLE ${quote(table.name)} ALTER COLUMN ${quote(column.name)} TYPE ${type}`);
}

function widerNumeric(column: ColumnDefinition, found: PresentColumn): string {
  if (column.type.kind !== 'decimal') return postgresType(column);
  const { precision, scale } = column.type;
  const isNumeric = found.type === 'numeric';
  // As many digits before the point as there were, so that every row still fits.
  const whole = isNumeric ? (found.precision ?? 0) - (found.scale ?? 0) : 0;
  return `numeric(${Math.max(precision, whole + scale)},${scale})`;
}

async function addKeyIndex(sql: SqlRunner, table: TableDefinition): Promise<void> {
  const index = quote(`${KEY_INDEX_PREFIX}${table.name}`);
  await sql.run(
    `CREATE UNIQUE INDEX IF NOT EXISTS ${index} ON ${quote(table.name)} (id COLLATE "C")`,
  );
}

function mismatch(table: TableDefinition, reason: string): SyncError {
  return new SyncError('schema_mismatch', `table ${table.name} cannot be synced: ${reason}`, {
    hint: 'Change the table or its declaration in common/tables, then run db:migrate again.',
    details: { table: table.name },
  });
}
