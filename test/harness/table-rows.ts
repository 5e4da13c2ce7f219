import { createHash } from 'node:crypto';
import type { ColumnDefinition, TableDefinition } from '../../common/core/table-definition.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';

/** One row as texts, in declared column order; null is SQL NULL. */
export type TextRow = readonly (string | null)[];

/** A table's rows in key order, read by SQL alone: nothing of the product has a say in what counts as equal. */
export async function readTextRows(
  connection: ForeignConnection,
  table: TableDefinition,
): Promise<readonly TextRow[]> {
  const values = table.columns.map(
    (column) => `${textOf(connection.dialect, column)} AS "${column.name}"`,
  );
  const rows = await connection.all<Record<string, string | null>>(
    `SELECT ${values.join(', ')} FROM "${table.name}"`,
  );
  const texts = rows.map((row) => table.columns.map(({ name }) => row[name] ?? null));
  return texts.toSorted((a, b) => Buffer.compare(Buffer.from(a[0] ?? ''), Buffer.from(b[0] ?? '')));
}

/** Digest of rows in key order. */
export function digestOf(rows: readonly TextRow[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

function textOf(dialect: ForeignConnection['dialect'], column: ColumnDefinition): string {
  return dialect === 'sqlite' ? sqliteText(column) : postgresText(column);
}

function sqliteText({ name, type }: ColumnDefinition): string {
  const value = `"${name}"`;
  switch (type.kind) {
    case 'text':
    case 'json':
      return value;
    case 'integer':
    case 'boolean':
      return `CAST(${value} AS TEXT)`;
    case 'decimal':
      return `CASE WHEN ${value} IS NOT NULL THEN printf('%.${type.scale}f', ${value}) END`;
    case 'timestamp':
      return `strftime('%Y-%m-%d %H:%M:%f', ${value})`;
    case 'blob':
      return `CASE WHEN ${value} IS NOT NULL THEN lower(hex(${value})) END`;
  }
}

function postgresText({ name, type }: ColumnDefinition): string {
  const value = `"${name}"`;
  switch (type.kind) {
    case 'text':
      return value;
    case 'json':
    case 'integer':
    case 'decimal':
      return `${value}::text`;
    case 'boolean':
      return `${value}::int::text`;
    case 'timestamp':
      return `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`;
    case 'blob':
      return `encode(${value}, 'hex')`;
  }
}
