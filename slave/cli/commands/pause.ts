import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openControl } from '../session.ts';

/** `pause`: no syncs by schedule until `resume`; local work is still captured. */
export const pauseCommand: CliCommand = {
  path: ['pause'],
  summary: 'stop syncing by schedule; local work is still captured',
  options: [jsonOption],
  examples: ['slave pause', 'slave pause --json'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    await (await openControl(context, config, { command: 'pause' })).pause();
    if (hasFlag(input, 'json')) context.output.json({ paused: true });
    else context.output.lines(['paused; `slave resume` goes on']);
  },
};
