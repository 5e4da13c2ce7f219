import { SyncError } from '../core/sync-error.ts';
import type { Row, TableDefinition, WireValue } from '../core/table-definition.ts';

/**
 * Turns `--set column=value` and `--set-null column` into wire values by the types of their columns. Values themselves
 * are checked where they are used.
 *
 * @throws SyncError `usage_invalid` naming what cannot be read.
 */
export function parseSetOptions(
  table: TableDefinition | undefined,
  set: readonly string[],
  setNull: readonly string[],
): Row {
  const values: Record<string, WireValue> = {};
  const put = (column: string, value: WireValue): void => {
    if (Object.hasOwn(values, column))
      throw new SyncError('usage_invalid', `column ${column} is set twice`);
    values[column] = value;
  };
  for (const assignment of set) {
    const at = assignment.indexOf('=');
    if (at < 1) {
      throw new SyncError('usage_invalid', `--set takes COLUMN=VALUE, not "${assignment}"`, {
        hint: 'For example: --set name="Blue lamp"',
      });
    }
    const column = assignment.slice(0, at);
    put(column, valueOf(table, column, assignment.slice(at + 1)));
  }
  for (const column of setNull) put(knownColumn(table, column), null);
  return values;
}

function valueOf(table: TableDefinition | undefined, column: string, text: string): WireValue {
  const kind = table?.columnByName.get(knownColumn(table, column))?.type.kind;
  if (kind === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (kind !== 'boolean') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new SyncError('usage_invalid', `column ${column} is true or false, not "${text}"`);
}

function knownColumn(table: TableDefinition | undefined, column: string): string {
  if (table === undefined || (column !== 'id' && table.columnByName.has(column))) return column;
  const names = table.columns.map(({ name }) => name).filter((name) => name !== 'id');
  throw new SyncError('usage_invalid', `${table.name} has no column "${column}" that can be set`, {
    hint: `Its columns are ${names.join(', ')}.`,
  });
}
