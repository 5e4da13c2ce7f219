import type { OwnedLogger } from '../../common/runtime/logger.ts';
import type { Master } from '../compose.ts';
import type { LoadedMasterConfig } from '../config.ts';
import type { CommandCall } from './command.ts';

/** A command's way to the database. */
export interface OpenedMaster {
  readonly master: Master;
  readonly loaded: LoadedMasterConfig;
  readonly log: OwnedLogger;
}

/** How a command opens the master. */
export interface OpenChoices {
  /** Log lines go to standard error too, as of a program that stays. */
  readonly logsToStderr: boolean;
}

/**
 * Reads the settings, opens log and database, prepares the database where it is new or behind. What was opened is
 * closed when the command ends.
 *
 * @throws SyncError `config_invalid`, `storage_...`.
 */
export async function openMasterFor(
  call: CommandCall,
  choices: OpenChoices = { logsToStderr: false },
): Promise<OpenedMaster> {
  const { openMaster } = await import('../compose.ts');
  const { createLogger } = await import('../../common/runtime/logger.ts');
  const loaded = await loadConfigFor(call);
  const { config } = loaded;
  const { lifecycle, redactor } = call.run;
  const log = createLogger({
    level: config.logLevel,
    redactor,
    file: config.logFile,
    toStderr: choices.logsToStderr,
  });
  lifecycle.onStop('log', () => log.close());
  for (const warning of loaded.warnings) log.warn(warning);
  const master = await openMaster(config, log);
  lifecycle.onStop('database', () => master.close());
  return { master, loaded, log };
}

/** Reads the settings; options of the command line come first. */
export async function loadConfigFor(call: CommandCall): Promise<LoadedMasterConfig> {
  const { loadMasterConfig } = await import('../config.ts');
  const { host, port, logLevel } = call.options;
  const loaded = loadMasterConfig({
    env: call.env,
    cwd: call.cwd,
    overrides: { HOST: host, PORT: port, LOG_LEVEL: logLevel },
  });
  for (const secret of loaded.secrets) call.run.redactor.addSecret(secret);
  return loaded;
}
