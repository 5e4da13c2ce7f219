import { SyncError } from '../../../common/core/sync-error.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { outcomeText, rejectedSelection } from '../rejected-selection.ts';
import { loadConfig, openHere } from '../session.ts';

/** `rejected discard`: drops set-aside changes; their rows become the master's again. */
export const rejectedDiscardCommand: CliCommand = {
  path: ['rejected', 'discard'],
  words: '[numbers...]',
  summary: "drop set-aside changes; their rows become the master's again",
  options: [
    { flags: '--all', description: 'all of them' },
    { flags: '--yes', description: 'needed: what is dropped is gone' },
    jsonOption,
  ],
  examples: ['slave rejected discard 3 --yes', 'slave rejected discard --all --yes'],
  run: async (context, input) => {
    const selection = rejectedSelection(input);
    if (!hasFlag(input, 'yes')) {
      const which =
        selection === 'all'
          ? 'all set-aside changes'
          : `set-aside changes ${selection.rejectedIds.join(', ')}`;
      throw new SyncError(
        'sync_refused',
        `nothing was changed. This would drop ${which} for good.`,
      );
    }
    const { config } = await loadConfig(context, input);
    const slave = await openHere(context, config, 'rejected discard');
    const outcome = await slave.data.discard(selection);
    await slave.control.refreshStatusFile('full');
    if (hasFlag(input, 'json')) context.output.json(outcome);
    else context.output.lines([outcomeText(outcome, 'dropped')]);
  },
};
