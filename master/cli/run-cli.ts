import { Command, CommanderError } from 'commander';
import { SyncError } from '../../common/core/sync-error.ts';
import type { RunContext } from '../../common/runtime/run-main.ts';
import { createOutput } from './command-output.ts';
import type { MasterCommand } from './command.ts';
import { matchWords } from './match-words.ts';
import { masterCommands } from './registry.ts';

/** What the command line touches of the process. */
export interface CliPort {
  readonly stdout: Pick<NodeJS.WritableStream, 'write'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Runs the command that the command line names.
 *
 * @throws SyncError `usage_invalid` when it names none, and what the command throws.
 */
export async function runCli(run: RunContext, port: CliPort): Promise<void> {
  const program = createProgram(run, port);
  const declared = masterCommands.map((command) => command.words);
  try {
    await program.parseAsync(matchWords(run.argv, declared), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    throw usageError(error, run.argv);
  }
}

function createProgram(run: RunContext, port: CliPort): Command {
  const program = quiet(new Command('master'), port)
    .description(
      'The master of a tidewater sync: takes the changes of slaves, merges them and hands them out.',
    )
    .addHelpText(
      'after',
      '\nSettings come from options, the environment and .env: see `master config`.',
    );
  for (const command of masterCommands) {
    const words = command.words.split(' ');
    const name = words.at(-1) ?? '';
    const parent = words.length === 1 ? program : groupOf(program, words[0] ?? '', port);
    addCommand(parent, name, command, { run, port });
  }
  return program;
}

/** A command that only holds others, such as `token`. */
function groupOf(program: Command, name: string, port: CliPort): Command {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const members = masterCommands
    .map((command) => command.words.split(' '))
    .filter((words) => words[0] === name);
  const group = quiet(new Command(name), port).description(
    `${members.map((words) => words[1]).join(', ')}; see master ${name} --help`,
  );
  program.addCommand(group);
  return group;
}

function addCommand(
  parent: Command,
  name: string,
  command: MasterCommand,
  { run, port }: { readonly run: RunContext; readonly port: CliPort },
): void {
  const added = quiet(new Command(name), port)
    .description(command.summary)
    .option('--json', 'print one JSON document and nothing else')
    .allowExcessArguments(false)
    .addHelpText('after', exampleText(command));
  if (command.parameters !== undefined) added.arguments(command.parameters);
  for (const option of command.options ?? []) added.option(option.flags, option.summary);
  added.action(async () => {
    const given = Object.entries(added.opts<Readonly<Record<string, unknown>>>());
    const output = createOutput(port.stdout, added.getOptionValue('json') === true);
    const options = Object.fromEntries(given.filter(isText));
    const lists = Object.fromEntries(given.filter(isList));
    const { env, cwd } = port;
    await command.execute({ args: added.args, options, lists, run, output, env, cwd });
  });
  parent.addCommand(added);
}

function isText(option: [name: string, value: unknown]): option is [string, string] {
  return typeof option[1] === 'string';
}

/** Whether an option may be repeated; its values are texts, as commander takes them from the command line. */
function isList(option: [name: string, value: unknown]): option is [string, string[]] {
  return Array.isArray(option[1]);
}

/** Help goes to standard output; faults are thrown, and told by whoever ends the process. */
function quiet(command: Command, port: CliPort): Command {
  const write = (text: string): void => void port.stdout.write(text);
  return command
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined });
}

function exampleText(command: MasterCommand): string {
  const width = Math.max(...command.examples.map(([line]) => line.length));
  const lines = command.examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

function usageError(error: CommanderError, argv: readonly string[]): SyncError {
  const message =
    error.code === 'commander.help'
      ? 'a command is missing'
      : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const word = argv[0] ?? '';
  const known = masterCommands.some((command) => command.words.split(/[ :]/)[0] === word);
  const place = known ? `master ${word}` : 'master';
  return new SyncError('usage_invalid', message, { hint: `See ${place} --help.`, cause: error });
}
