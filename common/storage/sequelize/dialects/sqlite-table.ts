import type { ColumnDefinition, TableDefinition } from '../../../core/table-definition.ts';
import {
  assignments,
  columnDdlOf,
  columnList,
  createTableDdl,
  quote,
  type DdlDialect,
  type TableSql,
} from './table-sql.ts';

/** Time of writing in canonical form; `now` is the same for a whole statement. */
export const SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ','now')";

const ddl: DdlDialect = { typeOf: sqliteType, now: `(${SQLITE_NOW})` };

/** SQL about synced tables for SQLite (3.51 or later, for jsonb_each). */
export const sqliteTable: TableSql = {
  createTable: (table) => createTableDdl(table, ddl),
  image: (table, alias) =>
    `json_object(${table.columns
      .map((column) => `'${column.name}',${imageOf(column, `${alias}.${quote(column.name)}`)}`)
      .join(',')})`,
  insertRows: (table) =>
    `INSERT INTO ${quote(table.name)} (${columnList(table)}) SELECT ${valueList(table)} FROM jsonb_each($1)`,
  updateRows: (
    table,
  ) => `UPDATE ${quote(table.name)} SET ${assignments(table, (index, column) => fromJson(column, `j.value->>${index}`))}
    FROM jsonb_each($1) AS j WHERE ${quote(table.name)}.id = j.value->>0`,
  upsertRows: (table) => `INSERT INTO ${quote(table.name)} (${columnList(table)})
    SELECT ${valueList(table)} FROM jsonb_each($1) WHERE true
    ON CONFLICT (id) DO UPDATE SET ${assignments(table, (_, column) => `excluded.${quote(column.name)}`)}`,
  deleteRows: (table) =>
    `DELETE FROM ${quote(table.name)} WHERE id IN (SELECT value FROM json_each($1))`,
  idList: (parameter) => `SELECT value FROM json_each($${parameter})`,
};

/** SQLite column types; NUMERIC affinity keeps decimals comparable for every program. */
function sqliteType(column: ColumnDefinition): string {
  switch (column.type.kind) {
    case 'text':
    case 'json':
      return 'TEXT';
    case 'integer':
      return 'INTEGER';
    case 'decimal':
      return `DECIMAL(${column.type.precision},${column.type.scale})`;
    case 'boolean':
      return 'BOOLEAN';
    case 'timestamp':
      return 'DATETIME';
    case 'blob':
      return 'BLOB';
  }
}

/** One column of `CREATE TABLE` or `ALTER TABLE ... ADD COLUMN`. */
export function columnDdl(column: ColumnDefinition): string {
  return columnDdlOf(column, ddl);
}

/**
 * A value for `json_object`. SQLite columns hold any type, so each kind makes of what does not belong there something
 * that the codec refuses: never an error, never another value. Integers become text, since JSON readers round them;
 * REAL keeps all its digits (json_object alone prints 15). Capture triggers run inside other programs and are compiled
 * with each of their statements, so this is short, and older versions of SQLite know it too.
 */
function imageOf(column: ColumnDefinition, value: string): string {
  // '$' apart from its name: Sequelize would take '$blob' for a parameter.
  const bytes = `json_object('$'||'blob',hex(${value}))`;
  const text = `CAST(${value} AS TEXT)`;
  switch (column.type.kind) {
    case 'text':
      return `CASE WHEN typeof(${value}) IN ('text','null') THEN ${value} ELSE ${bytes} END`;
    case 'integer':
    case 'timestamp':
    case 'json':
      return `CASE WHEN typeof(${value})='blob' THEN '?' ELSE ${text} END`;
    case 'decimal':
      return `CASE typeof(${value}) WHEN 'real' THEN CASE WHEN abs(${value})<1e308 THEN json(printf('%!.18g',${value})) ELSE '?' END WHEN 'blob' THEN '?' ELSE ${text} END`;
    case 'boolean':
      return `CASE WHEN ${value} IN (0,1) THEN ${value} ELSE ${text} END`;
    case 'blob':
      return `CASE WHEN typeof(${value}) IN ('blob','text') THEN ${bytes} WHEN ${value} IS NOT NULL THEN '?' END`;
  }
}

function fromJson(column: ColumnDefinition, value: string): string {
  return column.type.kind === 'blob' ? `unhex(${value})` : value;
}

function valueList(table: TableDefinition): string {
  return table.columns.map((column, index) => fromJson(column, `value->>${index}`)).join(', ');
}
