import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DemoFailure } from './demo-failure.ts';

/** One of our programs. */
export type Program = 'master' | 'slave';

/** Settings of a program as environment variables; `STORAGE_PATH` is the folder that it runs in. */
export type Settings = Readonly<Record<string, string>> & { readonly STORAGE_PATH: string };

/** How a command ended. */
export interface Finished {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs until it is stopped. */
export interface Daemon {
  readonly program: Program;
  readonly pid: number;
  readonly settings: Settings;
  /** What it has written to standard output so far. */
  output(): string;
  /** What it has written to standard error so far. */
  errors(): string;
  isRunning(): boolean;
  /** Asks it to stop and waits for that. */
  stop(): Promise<void>;
}

/** Folder of the whole project. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Of the surroundings only what programs need to run: settings of a real master or slave must not get in. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TMP',
  'TEMP',
  'LANG',
  'SystemRoot',
  'NODE_EXTRA_CA_CERTS',
];

/** `docker stop` waits as long; the programs promise to need no longer. */
const STOP_DEADLINE_MS = 10_000;
/** Plenty for a machine that is busy with other things. */
const START_DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 25;
const MAX_TOLD_CHARACTERS = 2000;

/** Starts our programs as processes of their own, and ends those that it started. */
export class Processes {
  readonly #signal: AbortSignal;
  readonly #cacheFolder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #daemons = new Set<Daemon>();

  /**
   * @param signal aborted when the demo is to end early; commands that run are then stopped.
   * @param cacheFolder where Node keeps what it has compiled: about forty processes start the same two programs.
   */
  constructor(signal: AbortSignal, cacheFolder: string) {
    this.#signal = signal;
    this.#cacheFolder = cacheFolder;
  }

  /** Runs a command to its end. */
  async run(program: Program, words: readonly string[], settings: Settings): Promise<Finished> {
    this.#signal.throwIfAborted();
    const child = this.#spawn(program, words, settings, ['ignore', 'pipe', 'pipe']);
    const stop = (): void => void child.kill('SIGTERM');
    this.#signal.addEventListener('abort', stop, { once: true });
    const [stdout, stderr, exitCode] = await Promise.all([
      readAll(child.stdout),
      readAll(child.stderr),
      ended(child),
    ]);
    this.#signal.removeEventListener('abort', stop);
    this.#signal.throwIfAborted();
    return { exitCode, stdout, stderr };
  }

  /** Runs a command with `--json` and reads its document. @throws DemoFailure when it does not exit with 0. */
  async runJson(program: Program, words: readonly string[], settings: Settings): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.run(program, [...words, '--json'], settings);
    if (exitCode === 0) return JSON.parse(stdout) as unknown;
    throw new DemoFailure(
      `\`${program} ${words.join(' ')}\` in ${settings.STORAGE_PATH} ended with exit code ${exitCode ?? 'none'}`,
      [stdout, stderr].flatMap(tail),
    );
  }

  /** Starts a program that goes on running; what it writes goes to files in its folder. */
  start(program: Program, words: readonly string[], settings: Settings): Daemon {
    this.#signal.throwIfAborted();
    mkdirSync(settings.STORAGE_PATH, { recursive: true });
    const outputFile = join(settings.STORAGE_PATH, 'output.txt');
    const errorFile = join(settings.STORAGE_PATH, 'errors.txt');
    const files = [openSync(outputFile, 'w'), openSync(errorFile, 'w')] as const;
    const child = this.#spawn(program, words, settings, ['ignore', ...files]);
    for (const file of files) closeSync(file);
    if (child.pid === undefined)
      throw new DemoFailure(`\`${program} ${words.join(' ')}\` could not be started`);
    const daemon: Daemon = {
      program,
      pid: child.pid,
      settings,
      output: () => readFileSync(outputFile, 'utf8'),
      errors: () => readFileSync(errorFile, 'utf8'),
      isRunning: () => child.exitCode === null && child.signalCode === null,
      stop: () => stopChild(child),
    };
    this.#daemons.add(daemon);
    child.once('exit', () => this.#daemons.delete(daemon));
    return daemon;
  }

  /** The last that running programs wrote to standard error: warnings and errors. */
  recentErrors(): readonly string[] {
    return [...this.#daemons].flatMap((daemon) =>
      tail(daemon.errors()).map(
        (text) => `${daemon.program} in ${daemon.settings.STORAGE_PATH} says:\n${text}`,
      ),
    );
  }

  /** Ends every process that still runs. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#children].map(stopChild));
  }

  /** Lets the running processes live on when this one ends. */
  release(): void {
    for (const child of this.#children) child.unref();
    this.#children.clear();
  }

  #spawn(
    program: Program,
    words: readonly string[],
    settings: Settings,
    stdio: readonly ('ignore' | 'pipe' | number)[],
  ): ChildProcess {
    mkdirSync(settings.STORAGE_PATH, { recursive: true });
    const child = spawn(process.execPath, [join(projectRoot, program, 'main.ts'), ...words], {
      // A folder of its own, so that no `.env` of the project gets in.
      cwd: settings.STORAGE_PATH,
      env: { ...passedOn(), NODE_COMPILE_CACHE: this.#cacheFolder, ...settings },
      stdio: [...stdio],
      // Ctrl-C on the terminal is for the demo alone, which then stops its processes in order.
      detached: true,
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }
}

/**
 * Waits until a daemon has done something.
 *
 * @param look gives what is waited for, or undefined while it is not there.
 * @throws DemoFailure when the daemon ends before, or takes too long.
 */
export async function waitFor<T>(
  daemon: Daemon,
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (!daemon.isRunning() || performance.now() > deadline) {
      throw new DemoFailure(`the ${daemon.program} in ${daemon.settings.STORAGE_PATH} ${what}`, [
        ...tail(daemon.output()),
        ...tail(daemon.errors()),
      ]);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** The last lines of what a program wrote; nothing where it wrote nothing. */
function tail(text: string): readonly string[] {
  const last = text.trim().slice(-MAX_TOLD_CHARACTERS);
  return last === '' ? [] : [last];
}

function passedOn(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await ended(child);
  clearTimeout(timer);
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  stream?.setEncoding('utf8');
  for await (const part of stream ?? []) text += String(part);
  return text;
}
