import type { CliCommand } from '../command.ts';
import { loadConfig, openControl } from '../session.ts';

/** `resume`: ends a pause. */
export const resumeCommand: CliCommand = {
  path: ['resume'],
  summary: 'end a pause',
  options: [],
  examples: ['slave resume'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    await (await openControl(context, config, { command: 'resume' })).resume();
    context.output.lines(['syncing goes on']);
  },
};
