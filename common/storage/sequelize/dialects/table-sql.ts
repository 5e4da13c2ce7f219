import type { TableDefinition } from '../../../core/table-definition.ts';
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
