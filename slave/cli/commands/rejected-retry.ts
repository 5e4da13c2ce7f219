import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { outcomeText, rejectedSelection } from '../rejected-selection.ts';
import { loadConfig, openHere } from '../session.ts';

/** `rejected retry`: puts set-aside changes back, to go out with the next sync. */
export const rejectedRetryCommand: CliCommand = {
  path: ['rejected', 'retry'],
  words: '[numbers...]',
  summary: 'put set-aside changes back, to go out with the next sync',
  options: [{ flags: '--all', description: 'all of them' }, jsonOption],
  examples: ['slave rejected retry 3 4', 'slave rejected retry --all'],
  run: async (context, input) => {
    const selection = rejectedSelection(input);
    const { config } = await loadConfig(context, input);
    const slave = await openHere(context, config, 'rejected retry');
    const outcome = await slave.data.retry(selection);
    await slave.control.refreshStatusFile('full');
    if (hasFlag(input, 'json')) context.output.json(outcome);
    else context.output.lines([outcomeText(outcome, 'put back; `slave sync:run` sends them')]);
  },
};
