import type { ShownConflict } from '../core/find-conflicts.ts';
import type { Conflict } from '../core/read-conflict.ts';
import type { Row } from '../core/table-definition.ts';
import { pairsText, tableText } from './table-text.ts';

/** Conflicts for people, one a line. */
export function conflictListText(conflicts: readonly Conflict[]): readonly string[] {
  if (conflicts.length === 0) return ['there are no such conflicts'];
  const rows = conflicts.map((conflict) => [
    conflict.id,
    conflict.state,
    conflict.table,
    conflict.recordId,
    conflict.columns.length === 0 ? 'update against delete' : conflict.columns.join(', '),
    conflict.slave,
    conflict.outcome,
    conflict.createdAt,
  ]);
  return tableText(['conflict', 'state', 'table', 'row', 'columns', 'slave', 'stands', 'at'], rows);
}

/** A conflict for people: both sides, what they had in common, and what stands now. */
export function conflictText(conflict: ShownConflict): readonly string[] {
  const { base, master, incoming, current } = conflict;
  const columns =
    conflict.columns.length > 0 ? conflict.columns : columnsOf([base, master, incoming, current]);
  const side = (row: Row | null, column: string): string => {
    if (row === null) return '(no row)';
    return Object.hasOwn(row, column) ? valueText(row[column]) : '';
  };
  return [
    ...pairsText([
      ['conflict', conflict.id],
      ['row', `${conflict.table} ${conflict.recordId}`],
      ['with slave', conflict.slave],
      [
        'state',
        conflict.resolvedBy === null
          ? conflict.state
          : `${conflict.state} by ${conflict.resolvedBy}`,
      ],
      ['policy', `${conflict.policy}: ${conflict.reason}`],
      ['stood at first', conflict.outcome],
      ['at', conflict.createdAt],
    ]),
    '',
    ...tableText(
      ['column', 'base', 'master', 'incoming', 'now'],
      columns.map((column) => [
        column,
        side(base, column),
        side(master, column),
        side(incoming, column),
        side(current, column),
      ]),
    ),
  ];
}

function columnsOf(rows: readonly (Row | null)[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row ?? {})))];
}

function valueText(value: Row[string] | undefined): string {
  return value === null || value === undefined ? 'NULL' : String(value);
}
