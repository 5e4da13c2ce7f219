import type { CliCommand } from '../command.ts';
import { loadConfig, openControl } from '../session.ts';

/** `pause`: no syncs by schedule until `resume`; local work is still captured. */
export const pauseCommand: CliCommand = {
  path: ['pause'],
  summary: 'stop syncing by schedule; local work is still captured',
  options: [],
  examples: ['slave pause'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    await (await openControl(context, config, { command: 'pause' })).pause();
    context.output.lines(['paused; `slave resume` goes on']);
  },
};
