import { wholeNumber } from '../../../common/cli/option-values.ts';
import { SyncError } from '../../../common/core/sync-error.ts';
import type { CliCommand } from '../command.ts';
import { logLineText, parseLogLine } from '../log-text.ts';
import { hasFlag, jsonOption, textOption } from '../options.ts';
import { loadConfig } from '../session.ts';

const DEFAULT_LINES = 50;

/** `logs`: the newest log lines, and those to come. */
export const logsCommand: CliCommand = {
  path: ['logs'],
  summary: 'show the log',
  options: [
    {
      flags: '-n, --lines <n>',
      description: `newest lines to show, 0 to 10000 (default ${DEFAULT_LINES})`,
    },
    { flags: '-f, --follow', description: 'go on with new lines until Ctrl-C' },
    jsonOption,
  ],
  examples: ['slave logs', 'slave logs -f', 'slave logs -n 500 --json'],
  run: async (context, input) => {
    const count = wholeNumber(textOption(input, 'lines') ?? String(DEFAULT_LINES), {
      flag: '--lines',
      min: 0,
      max: 10_000,
    });
    const follow = hasFlag(input, 'follow');
    if (follow && hasFlag(input, 'json')) {
      throw new SyncError(
        'usage_invalid',
        '--follow and --json exclude each other: --json prints one document',
        {
          hint: 'The log file itself is JSON lines: `tail -f` it.',
        },
      );
    }
    const { config } = await loadConfig(context, input);
    const { readLastLines, followLines } = await import('../read-log.ts');
    const last = await readLastLines(config.logFile, count);
    if (hasFlag(input, 'json')) {
      context.output.json({ lines: last.lines.map(parseLogLine) });
      return;
    }
    context.output.lines(last.lines.map(logLineText));
    if (!follow) return;
    const onLines = (lines: readonly string[]): void =>
      context.output.lines(lines.map(logLineText));
    await followLines(config.logFile, last.end, onLines, context.run.lifecycle.signal);
  },
};
