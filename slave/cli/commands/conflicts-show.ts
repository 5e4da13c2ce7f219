import { conflictText } from '../../../common/cli/conflict-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';

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
