import type { ErrorCode } from './error-codes.ts';
import type { ColumnDefinition, Row, TableDefinition, WireValue } from './table-definition.ts';

/** A whole row, or the column that is missing. */
export type CompletedRow =
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

/**
 * Fills what a new row leaves out: declared defaults, NULL where allowed.
 *
 * @param nowIso value of defaults `now`.
 */
export function completeRow(table: TableDefinition, values: Row, nowIso: string): CompletedRow {
  const row: Record<string, WireValue> = {};
  for (const column of table.columns) {
    const given = values[column.name];
    if (given !== undefined) {
      row[column.name] = given;
    } else if (column.default !== undefined) {
      row[column.name] = defaultOf(column, column.default, nowIso);
    } else if (column.nullable) {
      row[column.name] = null;
    } else {
      return { ok: false, code: 'row_not_null', detail: `column ${column.name} must have a value` };
    }
  }
  return { ok: true, row };
}

function defaultOf({ type }: ColumnDefinition, declared: WireValue, nowIso: string): WireValue {
  return type.kind === 'timestamp' && declared === 'now' ? nowIso : declared;
}
