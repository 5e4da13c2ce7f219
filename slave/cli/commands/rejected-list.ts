import { wholeNumber } from '../../../common/cli/option-values.ts';
import { tableText } from '../../../common/cli/table-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, textOption } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';

const DEFAULT_LIMIT = 100;

/** `rejected list`: changes that were set aside, and why. */
export const rejectedListCommand: CliCommand = {
  path: ['rejected', 'list'],
  summary: 'list changes that were set aside, and why',
  options: [
    { flags: '--table <name>', description: 'of this table only' },
    {
      flags: '--limit <n>',
      description: `most changes to list, 1 to 10000 (default ${DEFAULT_LIMIT})`,
    },
    jsonOption,
  ],
  examples: ['slave rejected list', 'slave rejected list --table=transactions --limit=1000 --json'],
  run: async (context, input) => {
    const limit = wholeNumber(textOption(input, 'limit') ?? String(DEFAULT_LIMIT), {
      flag: '--limit',
      min: 1,
      max: 10_000,
    });
    const table = textOption(input, 'table');
    const { config } = await loadConfig(context, input);
    const { data } = await openHere(context, config, 'rejected list');
    const changes = await data.rejected({ limit, ...(table === undefined ? {} : { table }) });
    if (hasFlag(input, 'json')) {
      context.output.json({ rejected: changes });
      return;
    }
    if (changes.length === 0) {
      context.output.lines(['nothing is set aside']);
      return;
    }
    const rows = changes.map((change) => [
      String(change.rejectedId),
      change.direction === 'up' ? 'ours' : "master's",
      change.table,
      change.id,
      change.action,
      change.code,
      change.detail,
      String(change.attempts),
    ]);
    context.output.lines(
      tableText(['number#', 'whose', 'table', 'id', 'action', 'reason', 'detail', 'tries#'], rows),
    );
  },
};
