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

const ddl: DdlDialect = { typeOf: postgresType, now: 'clock_timestamp()' };

/** SQL about synced tables for PostgreSQL. Ids are compared byte by byte (`COLLATE "C"`), as SQLite does. */
export const postgresTable: TableSql = {
  createTable: (table) => createTableDdl(table, ddl),
  image: (table, alias) =>
    `json_build_object(${table.columns
      .map((column) => `'${column.name}', ${imageOf(column, `${alias}.${quote(column.name)}`)}`)
      .join(', ')})::text`,
  insertRows: (table) =>
    `INSERT INTO ${quote(table.name)} (${columnList(table)}) SELECT ${valueList(table)} FROM jsonb_array_elements($1::jsonb) AS j(value)`,
  updateRows: (
    table,
  ) => `UPDATE ${quote(table.name)} AS t SET ${assignments(table, (index, column) => fromJson(column, index))}
    FROM jsonb_array_elements($1::jsonb) AS j(value) WHERE t.id = j.value->>0`,
  upsertRows: (table) => `INSERT INTO ${quote(table.name)} (${columnList(table)})
    SELECT ${valueList(table)} FROM jsonb_array_elements($1::jsonb) AS j(value)
    ON CONFLICT (id) DO UPDATE SET ${assignments(table, (_, column) => `excluded.${quote(column.name)}`)}`,
  deleteRows: (table) =>
    `DELETE FROM ${quote(table.name)} WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))`,
  idList: (parameter) => `SELECT jsonb_array_elements_text($${parameter}::jsonb)`,
};

/** PostgreSQL column types. `json` and not `jsonb`, which would reorder keys and rewrite numbers. */
export function postgresType(column: ColumnDefinition): string {
  switch (column.type.kind) {
    case 'text':
      return column.name === 'id' || column.references !== undefined ? 'text COLLATE "C"' : 'text';
    case 'integer':
      return 'bigint';
    case 'decimal':
      return `numeric(${column.type.precision},${column.type.scale})`;
    case 'boolean':
      return 'boolean';
    case 'timestamp':
      return 'timestamptz(3)';
    case 'json':
      return 'json';
    case 'blob':
      return 'bytea';
  }
}

/** One column of `CREATE TABLE` or `ALTER TABLE ... ADD COLUMN`. */
export function columnDdl(column: ColumnDefinition): string {
  return columnDdlOf(column, ddl);
}

function imageOf(column: ColumnDefinition, value: string): string {
  switch (column.type.kind) {
    case 'text':
    case 'boolean':
      return value;
    case 'integer':
    case 'decimal':
    case 'json':
      return `${value}::text`;
    case 'timestamp':
      // In the session's zone, which is UTC for ours and in capture; an adopted column may have no zone, and means UTC.
      // to_char knows neither infinity nor years before Christ; their plain text is refused by the codec.
      return `CASE WHEN ${value} >= '0001-01-01Z' AND ${value} < '10000-01-01Z' THEN to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE ${value}::text END`;
    case 'blob':
      // '$' apart from its name: Sequelize would take '$blob' for a parameter.
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE json_build_object('$'||'blob', encode(${value}, 'hex')) END`;
  }
}

function fromJson(column: ColumnDefinition, index: number): string {
  const value = `(j.value->>${index})`;
  switch (column.type.kind) {
    case 'text':
      return value;
    case 'blob':
      return `decode(${value}, 'hex')`;
    case 'timestamp':
      return `${value}::timestamptz`;
    case 'integer':
    case 'decimal':
    case 'boolean':
    case 'json':
      return `${value}::${postgresType(column)}`;
  }
}

function valueList(table: TableDefinition): string {
  return table.columns.map(fromJson).join(', ');
}
