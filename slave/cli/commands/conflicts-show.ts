import type { Row } from '../../../common/core/table-definition.ts';
import type { ShownConflict } from '../../control/slave-data.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';
import { pairsText, tableText } from '../table-text.ts';

/** `conflicts show`: both sides, what they had in common, and what stands now. */
export const conflictsShowCommand: CliCommand = {
  path: ['conflicts', 'show'],
  words: '<conflict>',
  summary: 'show both sides of a conflict',
  options: [jsonOption],
  examples: ['slave conflicts show 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    const { data } = await openHere(context, config, 'conflicts show');
    const conflict = await data.conflict(input.words[0] ?? '');
    if (hasFlag(input, 'json')) context.output.json(conflict);
    else context.output.lines(conflictText(conflict));
  },
};

/** A conflict for people. */
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
