import type { MasterCommand } from './command.ts';
import { configCommand } from './commands/config.ts';
import { conflictsListCommand } from './commands/conflicts-list.ts';
import { conflictsResolveCommand } from './commands/conflicts-resolve.ts';
import { conflictsShowCommand } from './commands/conflicts-show.ts';
import { migrateCommand } from './commands/db-migrate.ts';
import { slavesCommand } from './commands/slaves.ts';
import { startCommand } from './commands/start.ts';
import { tokenCreateCommand } from './commands/token-create.ts';
import { tokenListCommand } from './commands/token-list.ts';
import { tokenRevokeCommand } from './commands/token-revoke.ts';
import { tokenRotateCommand } from './commands/token-rotate.ts';

/** Every command of the master, in the order of `--help`: one file each of `commands/`. Add yours here. */
export const masterCommands: readonly MasterCommand[] = [
  startCommand,
  migrateCommand,
  tokenCreateCommand,
  tokenListCommand,
  tokenRotateCommand,
  tokenRevokeCommand,
  slavesCommand,
  conflictsListCommand,
  conflictsShowCommand,
  conflictsResolveCommand,
  configCommand,
];
