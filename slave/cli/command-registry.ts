import type { CliCommand } from './command.ts';
import { configCommand } from './commands/config.ts';
import { conflictsListCommand } from './commands/conflicts-list.ts';
import { conflictsResolveCommand } from './commands/conflicts-resolve.ts';
import { conflictsShowCommand } from './commands/conflicts-show.ts';
import { dbMigrateCommand } from './commands/db-migrate.ts';
import { logsCommand } from './commands/logs.ts';
import { pauseCommand } from './commands/pause.ts';
import { rejectedDiscardCommand } from './commands/rejected-discard.ts';
import { rejectedListCommand } from './commands/rejected-list.ts';
import { rejectedRetryCommand } from './commands/rejected-retry.ts';
import { resumeCommand } from './commands/resume.ts';
import { startCommand } from './commands/start.ts';
import { syncResetCommand } from './commands/sync-reset.ts';
import { syncRunCommand } from './commands/sync-run.ts';
import { syncStatusCommand } from './commands/sync-status.ts';
import { verifyCommand } from './commands/verify.ts';

/** The commands of `slave`: one line for each file of `commands/`, in the order of `--help`. */
export const cliCommands: readonly CliCommand[] = [
  syncRunCommand,
  syncStatusCommand,
  syncResetCommand,
  startCommand,
  pauseCommand,
  resumeCommand,
  dbMigrateCommand,
  conflictsListCommand,
  conflictsShowCommand,
  conflictsResolveCommand,
  rejectedListCommand,
  rejectedRetryCommand,
  rejectedDiscardCommand,
  verifyCommand,
  logsCommand,
  configCommand,
];
