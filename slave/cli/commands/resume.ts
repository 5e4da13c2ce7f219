import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openControl } from '../session.ts';

/** `resume`: ends a pause. */
export const resumeCommand: CliCommand = {
  path: ['resume'],
  summary: 'end a pause',
  options: [jsonOption],
  examples: ['slave resume', 'slave resume --json'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    await (await openControl(context, config, { command: 'resume' })).resume();
    if (hasFlag(input, 'json')) context.output.json({ paused: false });
    else context.output.lines(['syncing goes on']);
  },
};
