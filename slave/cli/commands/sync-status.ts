import { silentLogger } from '../../../common/core/logger.ts';
import { SyncError } from '../../../common/core/sync-error.ts';
import type { SlaveControl } from '../../control/control.ts';
import type { CliCommand, CliContext } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openControl } from '../session.ts';
import { statusText } from '../status-text.ts';

const LOOK_EVERY_MS = 1000;

/** `sync:status`: what is waiting, what went wrong, when the next attempt is. */
export const syncStatusCommand: CliCommand = {
  path: ['sync:status'],
  summary: 'show what waits, what went wrong and what comes next',
  options: [
    { flags: '--watch', description: 'show it again whenever it changes, until Ctrl-C' },
    jsonOption,
  ],
  examples: [
    'slave sync:status',
    'slave status --watch',
    'slave sync:status --json | jq .pending_records',
  ],
  run: async (context, input) => {
    if (hasFlag(input, 'watch') && hasFlag(input, 'json')) {
      throw new SyncError(
        'usage_invalid',
        '--watch and --json exclude each other: --json prints one document',
        {
          hint: 'Call `slave sync:status --json` repeatedly, or watch app/sync_status.json under STORAGE_PATH.',
        },
      );
    }
    const { config } = await loadConfig(context, input);
    // Looking is not worth a log line, and not worth loading the logger.
    const open = (): Promise<SlaveControl> =>
      openControl(context, config, { command: 'sync:status', log: silentLogger });
    if (hasFlag(input, 'watch')) return await watch(context, open);
    const status = await (await open()).status();
    if (!hasFlag(input, 'json')) {
      context.output.lines(statusText(status, Date.now()));
      return;
    }
    const { statusDocument } = await import('../status-document.ts');
    context.output.json(statusDocument(status));
  },
};

async function watch(
  { run, output }: CliContext,
  open: () => Promise<SlaveControl>,
): Promise<void> {
  const { sleep } = await import('../../../common/runtime/sleep.ts');
  const { signal } = run.lifecycle;
  let control = await open();
  let before = '';
  while (!signal.aborted) {
    const status = await control.status().catch(async (thrown: unknown) => {
      // The daemon ended: go on without it.
      if (!(thrown instanceof SyncError) || thrown.code !== 'transport_interrupted') throw thrown;
      control = await open();
      return await control.status();
    });
    const now = JSON.stringify(status);
    const home = output.width === undefined ? '' : '\u001b[H\u001b[2J';
    if (now !== before) output.lines([`${home}${statusText(status, Date.now()).join('\n')}`, '']);
    before = now;
    await sleep(LOOK_EVERY_MS, signal).catch(() => undefined); // a stop ends the loop
  }
}
