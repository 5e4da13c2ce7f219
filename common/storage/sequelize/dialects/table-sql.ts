import type { ColumnDefinition, TableDefinition } from '../../../core/table-definition.ts';
import type { SqlRunner } from '../sql-database.ts';

/** SQL of one dialect about synced tables. Statements that take rows take one JSON parameter, `$1`. */
export interface TableSql {
  /** `CREATE TABLE` and indexes; does nothing where the table exists. */
  createTable(table: TableDefinition): readonly string[];
  /** Expression that gives the row as JSON text, every value exact; `alias` names the row. */
  image(table: TableDefinition, alias: string): string;
  /** `$1`: JSON list of rows as lists of values in column order (see `encodeRows`). */
  insertRows(table: TableDefinition): string;
  updateRows(table: TableDefinition): string;
  upsertRows(table: TableDefinition): string;
  /** `$1`: JSON list of ids. */
  deleteRows(table: TableDefinition): string;
  /** Expression of the ids in the JSON list `$n`, for `IN (...)`. */
  idList(parameter: number): string;
}

/** The condition after a key column that it is in the JSON list `$1`. */
export function amongIds(sql: Pick<SqlRunner, 'dialect'>, tableSql: TableSql): string {
  const list = tableSql.idList(1);
  // An array, because PostgreSQL reads the whole table for IN (SELECT ...) where it guesses the list to be long.
  return sql.dialect === 'postgres' ? `= ANY (ARRAY(${list}))` : `IN (${list})`;
}

/** A name as an SQL identifier. Declarations allow lower snake case only, so nothing needs escaping. */
export function quote(name: string): string {
  return `"${name}"`;
}

/** All column names of a table, quoted. */
export function columnList(table: TableDefinition): string {
  return table.columns.map((column) => quote(column.name)).join(', ');
}

/** What differs between dialects when a table is made. */
export interface DdlDialect {
  readonly typeOf: (column: ColumnDefinition) => string;
  /** Default of a time column that is filled when its row is written. */
  readonly now: string;
}

/** `CREATE TABLE` and the indexes of its references. */
export function createTableDdl(table: TableDefinition, dialect: DdlDialect): readonly string[] {
  const columns = table.columns.map((column) => `  ${columnDdlOf(column, dialect)}`);
  const keys = table.uniqueKeys.map((names) => `  UNIQUE (${names.map(quote).join(', ')})`);
  const references = table.columns
    .filter((column) => column.references !== undefined)
    .map(
      (column) =>
        `CREATE INDEX IF NOT EXISTS ${quote(`${table.name}_${column.name}`)} ON ${quote(table.name)} (${quote(column.name)})`,
    );
  return [
    `CREATE TABLE IF NOT EXISTS ${quote(table.name)} (\n${[...columns, ...keys].join(',\n')}\n)`,
    ...references,
  ];
}

/** One column of `CREATE TABLE` or `ALTER TABLE ... ADD COLUMN`. */
export function columnDdlOf(column: ColumnDefinition, dialect: DdlDialect): string {
  const parts = [quote(column.name), dialect.typeOf(column)];
  if (column.name === 'id') parts.push('PRIMARY KEY');
  if (!column.nullable) parts.push('NOT NULL');
  if (column.unique) parts.push('UNIQUE');
  if (column.default !== undefined) parts.push(`DEFAULT ${defaultOf(column, dialect)}`);
  if (column.references !== undefined) parts.push(`REFERENCES ${quote(column.references)} (id)`);
  return parts.join(' ');
}

/** `SET` list of all columns but the key; `valueOf` gives each column's expression by its place in the row. */
export function assignments(
  table: TableDefinition,
  valueOf: (index: number, column: ColumnDefinition) => string,
): string {
  return table.columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => column.name !== 'id')
    .map(({ column, index }) => `${quote(column.name)} = ${valueOf(index, column)}`)
    .join(', ');
}

function defaultOf(column: ColumnDefinition, { now }: DdlDialect): string {
  if (column.default === 'now' && column.type.kind === 'timestamp') return now;
  const value = column.default ?? null;
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
