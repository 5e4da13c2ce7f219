import type { RunContext } from '../../common/runtime/run-main.ts';
import type { CommandOutput } from './command-output.ts';

/** One option of a command, beside `--json`, which every command has. */
export interface CommandOption {
  /** As commander writes it, such as `--host <address>`; one that may be repeated ends in `...>`. */
  readonly flags: string;
  readonly summary: string;
}

/** What a command is called with. */
export interface CommandCall {
  /** Positional arguments, as declared in `parameters`. */
  readonly args: readonly string[];
  /** Text options by name in camel case; absent ones are undefined. */
  readonly options: Readonly<Record<string, string | undefined>>;
  /** All texts of options that may be repeated, by name in camel case; absent ones are undefined. */
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>;
  readonly run: RunContext;
  readonly output: CommandOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** One command. Its module is loaded for `--help` too, so what it needs to run is imported when it runs. */
export interface MasterCommand {
  /** As it is called: `start`, `db:migrate`, `token create`. With or without colons it is the same command. */
  readonly words: string;
  /** Such as `<name>`. */
  readonly parameters?: string;
  readonly summary: string;
  readonly options?: readonly CommandOption[];
  /** Whole command lines with a word on each; shown by `--help`. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Settles when the command is done. @throws SyncError what failed; its code gives the exit code. */
  readonly execute: (call: CommandCall) => Promise<void>;
}
