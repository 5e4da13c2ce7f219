import type { RunContext } from '../../common/runtime/run-main.ts';
import type { CliOutput } from './output.ts';

/** One option of a command, as commander writes it. */
export interface CliOption {
  /** For example `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
}

/** What a command was called with. */
export interface CliInput {
  /** Words that are no options, in order. */
  readonly words: readonly string[];
  /** Values by camel case name: true for flags, text for options with a value, a list for repeated ones. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a command works with. */
export interface CliContext {
  readonly run: RunContext;
  readonly output: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A command: one file, one line in the registry. Heavy modules are loaded when it runs, so that `--help` is fast. */
export interface CliCommand {
  /** Words that call it; `sync:run` is one word. */
  readonly path: readonly string[];
  readonly summary: string;
  /** More than the summary says, for `--help`. */
  readonly description?: string;
  /** Words it takes, as commander writes them: `<id>`, `[ids...]`. */
  readonly words?: string;
  readonly options: readonly CliOption[];
  readonly examples: readonly string[];
  /** @returns the exit code, 0 where nothing is returned. */
  run(context: CliContext, input: CliInput): Promise<number | void>;
}
