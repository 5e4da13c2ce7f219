import { Command, CommanderError, Option } from 'commander';
import { PROGRAM_VERSION } from '../../common/core/program-version.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { RunContext } from '../../common/runtime/run-main.ts';
import { canonicalWords } from './canonical-words.ts';
import { cliCommands } from './command-registry.ts';
import type { CliCommand, CliContext, CliOption } from './command.ts';
import { createTerminalOutput, shown } from './output.ts';

/** The slave's command line: finds the command, runs it, returns its exit code. */
export async function runCli(run: RunContext): Promise<number> {
  const context: CliContext = {
    run,
    output: createTerminalOutput(process),
    env: process.env,
    cwd: process.cwd(),
  };
  return await runCommandLine(context, cliCommands);
}

/** As {@link runCli}, with everything from outside handed in. */
export async function runCommandLine(
  context: CliContext,
  commands: readonly CliCommand[],
): Promise<number> {
  const result = { exitCode: 0 };
  const program = createProgram(context, commands, (exitCode) => {
    result.exitCode = exitCode;
  });
  const groups = commands.filter(({ path }) => path.length > 1).map(({ path }) => path[0] ?? '');
  try {
    await program.parseAsync([...canonicalWords(context.run.argv, groups)], { from: 'user' });
    return result.exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return 0; // help or version, already written
    throw usageError(thrown);
  }
}

function createProgram(
  context: CliContext,
  commands: readonly CliCommand[],
  onExit: (exitCode: number) => void,
): Command {
  const program = new Command('slave')
    .description(
      'Keeps the rows of this machine in step with a master, also where the line is bad.',
    )
    .version(PROGRAM_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'say how a command is used')
    .helpCommand('help [command]', 'say how a command is used')
    .addHelpText(
      'after',
      '\nsync:run may be written `sync run`, sync:status `status`; each command has --help with examples.',
    );
  prepare(program, context);
  const groups = new Map<string, Command>();
  for (const command of commands) {
    const [first = '', member] = command.path;
    if (member === undefined) addCommand(program, command, { name: first, context, onExit });
    else
      addCommand(groupOf(program, groups, first, context), command, {
        name: member,
        context,
        onExit,
      });
  }
  return program;
}

function groupOf(
  program: Command,
  groups: Map<string, Command>,
  name: string,
  context: CliContext,
): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = prepare(program.command(name).description(GROUPS[name] ?? ''), context);
  groups.set(name, group);
  return group;
}

const GROUPS: Readonly<Record<string, string>> = {
  conflicts: 'values that lost a conflict: list, show, decide anew',
  rejected: 'changes that were set aside: list, try again, drop',
};

interface CommandPlace {
  readonly name: string;
  readonly context: CliContext;
  readonly onExit: (exitCode: number) => void;
}

function addCommand(
  parent: Command,
  command: CliCommand,
  { name, context, onExit }: CommandPlace,
): void {
  const made = prepare(
    parent.command(`${name}${command.words === undefined ? '' : ` ${command.words}`}`),
    context,
  )
    .summary(command.summary)
    .description(command.description ?? command.summary)
    .addHelpText(
      'after',
      `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
    );
  for (const option of command.options) made.addOption(toOption(option));
  made.action(async () => {
    const input = { words: made.args, options: made.opts() };
    onExit((await command.run(context, input)) ?? 0);
  });
}

function toOption({ flags, description }: CliOption): Option {
  const option = new Option(flags, description);
  const isRepeatable = flags.endsWith('...>');
  return isRepeatable
    ? option.argParser((value: string, all: readonly string[] | undefined) => [
        ...(all ?? []),
        value,
      ])
    : option;
}

function prepare(command: Command, { output }: CliContext): Command {
  return command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => output.lines([text.trimEnd()]),
      // Usage errors are thrown, and said once, by whoever runs the program.
      writeErr: () => undefined,
      outputError: () => undefined,
    });
}

function usageError(error: CommanderError): SyncError {
  const message = error.message.replace(/^error: /, '');
  const isNoCommand = error.code === 'commander.help';
  return new SyncError(
    'usage_invalid',
    isNoCommand ? 'no command was given' : shown(message, 300),
    {
      hint: 'Run `slave --help` for the commands, and a command with --help for its options.',
      cause: error,
    },
  );
}
