import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, oneOf, textOption, wholeNumber } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';
import { tableText } from '../table-text.ts';

const DEFAULT_LIMIT = 100;
const STATES = ['open', 'settled', 'resolved', 'all'] as const;

/** `conflicts list`: values that lost a conflict, and conflicts that wait for a decision. */
export const conflictsListCommand: CliCommand = {
  path: ['conflicts', 'list'],
  summary: 'list conflicts, newest first',
  options: [
    { flags: '--state <state>', description: 'open, settled, resolved or all (default all)' },
    { flags: '--table <name>', description: 'of this table only' },
    {
      flags: '--limit <n>',
      description: `most conflicts to list, 1 to 10000 (default ${DEFAULT_LIMIT})`,
    },
    jsonOption,
  ],
  examples: [
    'slave conflicts list --state=open',
    'slave conflicts list --table=inventories --json',
  ],
  run: async (context, input) => {
    const limit = wholeNumber(textOption(input, 'limit') ?? String(DEFAULT_LIMIT), {
      flag: '--limit',
      min: 1,
      max: 10_000,
    });
    const state = oneOf(textOption(input, 'state') ?? 'all', '--state', STATES);
    const table = textOption(input, 'table');
    const { config } = await loadConfig(context, input);
    const { data } = await openHere(context, config, 'conflicts list');
    const conflicts = await data.conflicts({
      limit,
      ...(state === 'all' ? {} : { state }),
      ...(table === undefined ? {} : { table }),
    });
    if (hasFlag(input, 'json')) {
      context.output.json({ conflicts });
      return;
    }
    if (conflicts.length === 0) {
      context.output.lines(['there are no such conflicts']);
      return;
    }
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
    context.output.lines(
      tableText(['conflict', 'state', 'table', 'row', 'columns', 'slave', 'stands', 'at'], rows),
    );
  },
};
