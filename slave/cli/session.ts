import { errorCodes } from '../../common/core/error-codes.ts';
import type { Logger } from '../../common/core/logger.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import type { Slave } from '../compose.ts';
import type { LoadedSlaveConfig, SlaveConfig } from '../config.ts';
import type { SlaveControl } from '../control/control.ts';
import type { CliContext, CliInput } from './command.ts';
import { settingOverrides } from './options.ts';

/** Loads the settings, with those of the command line on top; secrets are kept out of all output from here on. */
export async function loadConfig(
  { env, cwd, run }: CliContext,
  input: CliInput,
): Promise<LoadedSlaveConfig> {
  const { loadSlaveConfig } = await import('../config.ts');
  const loaded = loadSlaveConfig({ env, cwd, overrides: settingOverrides(input) });
  for (const secret of loaded.secrets) run.redactor.addSecret(secret);
  return loaded;
}

/** The control of the running daemon, else one in this process (logging to the log file); closed when the program ends. */
export async function openControl(
  context: CliContext,
  config: SlaveConfig,
  options: { readonly command: string; readonly log?: Logger },
): Promise<SlaveControl> {
  const { connectControl } = await import('../control/connect-control.ts');
  const control = await connectControl(config.socketPath, async () => {
    const { openSlave } = await import('../compose.ts');
    return (await openSlave({ config, run: context.run, ...options })).control;
  });
  context.run.lifecycle.onStop('control', () => control.close());
  return control;
}

/** The slave in this process, also beside a running daemon; closed when the program ends. */
export async function openHere(
  context: CliContext,
  config: SlaveConfig,
  command: string,
): Promise<Slave> {
  const { openSlave } = await import('../compose.ts');
  const slave = await openSlave({ config, run: context.run, command });
  context.run.lifecycle.onStop('control', () => slave.control.close());
  return slave;
}

/** The exit code of a command that ran a cycle; rejected rows alone are no failure (P6). */
export function exitCodeOf(report: SyncReport): number {
  return report.error === null ? 0 : errorCodes[report.error.code].exit;
}

/** The error that a failed cycle ended with. */
export function errorOf(report: SyncReport): SyncError | undefined {
  if (report.error === null) return undefined;
  return new SyncError(report.error.code, report.error.message, { hint: report.error.hint });
}
