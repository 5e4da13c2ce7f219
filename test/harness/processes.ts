import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished, TestRunner } from 'vitest';
import { openForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { inventorySql } from './sale-sql.ts';

/** Settings of a program, as its environment. */
export type Env = Readonly<Record<string, string>>;

/** How a process ended and all that it wrote. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a `--json` command ended: its exit code and the fields of its one document. */
export type JsonEnded<T> = T & { readonly exitCode: number | null };

/** What a program wrote and was called with, for tests that search all of it. */
export interface Recording {
  readonly words: readonly string[];
  readonly text: string;
}

const ofWholeFile = new Set<ChildProcess>();
afterAll(() => ofWholeFile.forEach(end));

/** A program that was started. It is killed when the test (or the file, if `beforeAll` started it) ends. */
export class Running {
  readonly child: ChildProcess;
  readonly words: readonly string[];
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(file: string, words: readonly string[], options: { cwd: string; env: Env }) {
    this.words = words;
    const child = spawn(process.execPath, [file, ...words], {
      ...options,
      env: { PATH: process.env['PATH'] ?? '', ...compileCache, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(child, 'close').then(([exitCode, signal]: unknown[]) => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
    if (TestRunner.getCurrentTest() === undefined) ofWholeFile.add(child);
    else onTestFinished(() => end(child));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.words.join(' ')} did not start`);
    return this.child.pid;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return await this.ended;
  }
}

/** Compiled code is kept between the many starts of a test run; each then takes half the time. */
const compileCache: Env = { NODE_COMPILE_CACHE: join(tmpdir(), 'tidewater-test-compile-cache') };

/** A stopped process ends too: SIGKILL needs nobody to listen. */
function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}

/** One program in a folder of its own; two of them share nothing but what their settings name. */
abstract class ProgramFolder {
  readonly storagePath: string;
  /** May be changed between two calls, as an administrator would. */
  env: Env;
  readonly #file: string;
  readonly #started: Running[] = [];

  constructor(program: 'master' | 'slave', env: Env, storagePath: string) {
    this.#file = fileURLToPath(new URL(`../../${program}/main.ts`, import.meta.url));
    this.env = env;
    this.storagePath = storagePath;
  }

  /** Starts a command and leaves it running. */
  start(...words: readonly string[]): Running {
    const running = new Running(this.#file, words, {
      cwd: this.storagePath,
      env: { STORAGE_PATH: this.storagePath, ...this.env },
    });
    this.#started.push(running);
    return running;
  }

  /** Runs a command to its end. */
  async run(...words: readonly string[]): Promise<Ended> {
    return await this.start(...words).ended;
  }

  /** Runs a command with `--json` and reads the one document that it prints. @throws Error if it prints anything else. */
  async json<T = Readonly<Record<string, unknown>>>(
    ...words: readonly string[]
  ): Promise<JsonEnded<T>> {
    const ended = await this.run(...words, '--json');
    return { ...parseDocument<T>(words, ended), exitCode: ended.exitCode };
  }

  /** Everything that the programs of this folder were called with and wrote, so far. */
  get recordings(): readonly Recording[] {
    return this.#started.map(({ words, stdout, stderr }) => ({ words, text: stdout + stderr }));
  }

  /** Rows of one query, by a program that knows nothing of the product. */
  async query<T extends object>(sql: string): Promise<readonly T[]> {
    return await withDatabase(this.databaseUrl, (connection) => connection.all<T>(sql));
  }

  /** Writes with plain SQL, as any application may. */
  async sql(text: string): Promise<void> {
    await withDatabase(this.databaseUrl, (connection) => connection.script(text));
  }

  abstract get databaseUrl(): string;
}

/** A slave as its user sees it: commands, files, SQL. */
export class SlaveFolder extends ProgramFolder {
  constructor(env: Env, storagePath: string = makeTempDir()) {
    super('slave', env, storagePath);
  }

  get databaseUrl(): string {
    return this.env['DATABASE_URL'] ?? `sqlite:${join(this.storagePath, 'slave.sqlite')}`;
  }

  /** Starts the daemon and waits until the status file names it. */
  async startDaemon(...options: readonly string[]): Promise<Running> {
    const daemon = this.start('start', ...options);
    await until(async () => {
      if (daemon.hasEnded) throw new Error(`the daemon ended: ${daemon.stdout}${daemon.stderr}`);
      return (await this.statusFile())?.['daemon_pid'] === daemon.pid;
    });
    return daemon;
  }

  /** The status file, null where it cannot be read. */
  async statusFile(): Promise<Readonly<Record<string, unknown>> | null> {
    try {
      const text = await readFile(join(this.storagePath, 'app', 'sync_status.json'), 'utf8');
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      return null;
    }
  }

  /** Waits until the status file shows all of these values. */
  async shows(expected: Readonly<Record<string, unknown>>): Promise<void> {
    await until(async () => {
      const file = await this.statusFile();
      return Object.entries(expected).every(([name, value]) => file?.[name] === value);
    });
  }

  /** Waits until nothing is unsent and the status file says so. */
  async isSynced(): Promise<void> {
    await until(async () => (await this.outboxCount()) === 0);
    await this.shows({ status: 'success', pending_records: 0 });
  }

  /** Unsent changes, counted in the database itself. */
  async outboxCount(): Promise<number> {
    const [row] = await this.query<{ n: number }>(
      'SELECT count(*) AS n FROM sync_outbox WHERE is_void = 0',
    );
    return row?.n ?? -1;
  }

  /** Inserts inventories with these ids. */
  async stock(...ids: readonly string[]): Promise<void> {
    await this.sql(ids.map(inventorySql).join('\n'));
  }
}

/** A master that was started and is ready. */
export interface RunningMaster {
  readonly url: string;
  readonly running: Running;
}

/** A master as its operator sees it. */
export class MasterFolder extends ProgramFolder {
  constructor(env: Env = {}, storagePath: string = makeTempDir()) {
    super('master', { PORT: '0', ...env }, storagePath);
  }

  get databaseUrl(): string {
    return this.env['DATABASE_URL'] ?? `sqlite:${join(this.storagePath, 'master.sqlite')}`;
  }

  /** Starts serving on a free port and waits until it is ready. */
  async serve(): Promise<RunningMaster> {
    const running = this.start('start', '--json');
    await until(() => {
      if (running.hasEnded) throw new Error(`the master ended: ${running.stdout}${running.stderr}`);
      return Promise.resolve(running.stdout.includes('\n'));
    });
    const { url } = JSON.parse(running.stdout) as { readonly url: string };
    return { url, running };
  }

  /** Makes a token for a slave. */
  async token(action: 'create' | 'rotate', slave: string): Promise<string> {
    const { token } = await this.json<{ readonly token: string }>('token', action, slave);
    return token;
  }
}

/** Waits until something becomes true; a test's time limit ends it otherwise. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 25));
}

function parseDocument<T>(words: readonly string[], { stdout, stderr }: Ended): T {
  const lines = stdout.split('\n');
  try {
    if (lines.length === 2 && lines[1] === '') return JSON.parse(stdout) as T;
  } catch {
    // Told below.
  }
  throw new Error(`${words.join(' ')} --json printed ${JSON.stringify({ stdout, stderr })}`);
}

async function withDatabase<T>(
  url: string,
  work: (connection: Awaited<ReturnType<typeof openForeignConnection>>) => Promise<T>,
): Promise<T> {
  const connection = await openForeignConnection(url);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
