import { conflictListOptions, readConflictFilter } from '../../../common/cli/conflict-options.ts';
import { conflictListText } from '../../../common/cli/conflict-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, textOption } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';

/** `conflicts list`: values that lost a conflict, and conflicts that wait for a decision. */
export const conflictsListCommand: CliCommand = {
  path: ['conflicts', 'list'],
  summary: 'list conflicts, newest first',
  options: [...conflictListOptions, jsonOption],
  examples: [
    'slave conflicts list --state=open',
    'slave conflicts list --table=inventories --json',
  ],
  run: async (context, input) => {
    const filter = readConflictFilter({
      state: textOption(input, 'state'),
      table: textOption(input, 'table'),
      limit: textOption(input, 'limit'),
    });
    const { config } = await loadConfig(context, input);
    const { data } = await openHere(context, config, 'conflicts list');
    const conflicts = await data.conflicts(filter);
    if (hasFlag(input, 'json')) context.output.json({ conflicts });
    else context.output.lines(conflictListText(conflicts));
  },
};
