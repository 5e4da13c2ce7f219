import { SyncError } from '../../../common/core/sync-error.ts';
import type { SlaveConfig } from '../../config.ts';
import type { SlaveControl, SyncRequest } from '../../control/control.ts';
import type { CliCommand, CliContext, CliInput } from '../command.ts';
import { hasFlag, jsonOption, settingOptions } from '../options.ts';
import { shown } from '../output.ts';
import { dryRunText, progressText, reportText } from '../report-text.ts';
import { errorOf, exitCodeOf, loadConfig, openControl } from '../session.ts';

/** `sync:run`: one cycle now, by the running daemon or in this process. */
export const syncRunCommand: CliCommand = {
  path: ['sync:run'],
  summary: 'sync now',
  description:
    'Runs one sync: sends what waits, receives what is new. Beside a running daemon it asks the daemon and shows its progress.',
  options: [
    {
      flags: '--dry-run',
      description: 'send and change nothing; show what would be sent and received',
    },
    {
      flags: '--force',
      description:
        'sync although disabled, paused or waiting after a failure; skips no safety check',
    },
    {
      flags: '--wait',
      description: 'wait for a running sync to end instead of refusing (exit code 75)',
    },
    settingOptions.MASTER_URL,
    settingOptions.SYNC_BATCH_SIZE,
    settingOptions.SYNC_TIMEOUT,
    settingOptions.SYNC_INSECURE_HTTP,
    jsonOption,
  ],
  examples: [
    'slave sync:run',
    'slave sync:run --dry-run',
    'slave sync run --force --master-url=https://master.example.com',
    'slave sync:run --json | jq .uploaded.records',
  ],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    if (input.options['masterUrl'] === undefined) await requireMaster(config);
    const control = await openControl(context, config, { command: 'sync:run' });
    return hasFlag(input, 'dryRun')
      ? await dryRun(context, input, { config, control })
      : await sync(context, input, { config, control });
  },
};

interface Session {
  readonly config: SlaveConfig;
  readonly control: SlaveControl;
}

async function requireMaster(config: SlaveConfig): Promise<void> {
  const { requireMasterUrl } = await import('../../config.ts');
  requireMasterUrl(config);
}

async function dryRun(
  { run, output }: CliContext,
  input: CliInput,
  { config, control }: Session,
): Promise<void> {
  output.progress('asking the master');
  const report = await control.dryRun(otherMaster(input, config), run.lifecycle.signal);
  output.clearProgress();
  if (hasFlag(input, 'json')) output.json(report);
  else output.lines(dryRunText(report));
}

async function sync(
  { run, output }: CliContext,
  input: CliInput,
  { config, control }: Session,
): Promise<number> {
  const masterUrl = otherMaster(input, config);
  const request: SyncRequest = {
    force: hasFlag(input, 'force'),
    wait: hasFlag(input, 'wait'),
    ...(masterUrl === undefined ? {} : { masterUrl }),
  };
  output.progress(control.attached ? 'asking the daemon' : 'starting');
  const report = await control.sync(
    request,
    (event) => output.progress(progressText(event)),
    run.lifecycle.signal,
  );
  output.clearProgress();
  if (report.outcome === 'cancelled' && run.lifecycle.signal.aborted) {
    throw new SyncError('transport_cancelled', 'the sync was stopped before it ended');
  }
  if (hasFlag(input, 'json')) {
    output.json(report);
    return exitCodeOf(report);
  }
  output.lines(reportText(report));
  if (report.rejected > 0) {
    output.remark(
      shown(
        `warning: ${report.rejected} ${report.rejected === 1 ? 'change is' : 'changes are'} set aside; see \`slave rejected list\``,
      ),
    );
  }
  const error = errorOf(report);
  if (error !== undefined) throw error;
  return 0;
}

/** The address as the settings have checked it, where the command line names one. */
function otherMaster(input: CliInput, config: SlaveConfig): string | undefined {
  return input.options['masterUrl'] === undefined ? undefined : config.masterUrl;
}
