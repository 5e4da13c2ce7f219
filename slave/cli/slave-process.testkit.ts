import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runMain, type RunContext } from '../../common/runtime/run-main.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { openSqliteConnection } from '../daemon/sqlite-connection.ts';
import { cliCommands } from './command-registry.ts';
import { createTerminalOutput, type TerminalPort } from './output.ts';
import { runCommandLine } from './run-cli.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What a finished command left behind. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One slave in a folder of its own, used from outside: as processes, files and SQL. */
export class SlaveOutside {
  readonly storagePath = makeTempDir();
  readonly #env: Readonly<Record<string, string>>;
  readonly #children = new Set<ChildProcess>();

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
  }

  /** Runs a command to its end, in this process but for the terminal, the environment and the exit. */
  async run(...words: readonly string[]): Promise<CommandResult> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const streams = { stdin: new PassThrough(), stdout, stderr } as unknown as TerminalPort; // no terminal: `isTTY` is absent
    const output = createTerminalOutput(streams);
    const main = (run: RunContext): Promise<number> =>
      runCommandLine({ run, output, env: this.#fullEnv(), cwd: this.storagePath }, cliCommands);
    let exitCode: number | null = null;
    const exit = (code: number): void => {
      exitCode = code;
    };
    const nothing = (): void => undefined;
    const port = {
      argv: ['node', 'slave', ...words],
      stdout,
      stderr,
      on: nothing,
      off: nothing,
      exit,
    };
    await runMain('slave', main, { port });
    stdout.end();
    stderr.end();
    const [out, err] = await said;
    return { exitCode, stdout: out, stderr: err };
  }

  /** Runs a command with `--json` and reads the one document that it prints. */
  async json<T = Record<string, unknown>>(
    ...words: readonly string[]
  ): Promise<T & { readonly exitCode: number | null }> {
    const { exitCode, stdout } = await this.run(...words, '--json');
    return { ...(JSON.parse(stdout) as T), exitCode };
  }

  /** Starts a command and leaves it running. */
  spawn(...words: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd: this.storagePath,
      env: this.#fullEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** Starts the daemon and waits until it answers. */
  async startDaemon(...options: readonly string[]): Promise<ChildProcess> {
    const daemon = this.spawn('start', ...options);
    daemon.stdout?.resume();
    daemon.stderr?.resume();
    await until(async () => {
      if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`);
      return (await this.statusFile())?.['daemon_pid'] === daemon.pid;
    });
    return daemon;
  }

  /** Writes with plain SQL, as any application may. */
  async sql(statements: string): Promise<void> {
    const path = join(this.storagePath, 'slave.sqlite');
    const connection = await openSqliteConnection({ path, mode: 'create', busyTimeoutMs: 5000 });
    try {
      await connection.execute(statements);
    } finally {
      await connection.close();
    }
  }

  /** Inserts one inventory. */
  async insert(id: string): Promise<void> {
    await this.sql(
      `INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('${id}', 'sku-${id}', 'name', 1, '1.0000')`,
    );
  }

  /** The status file, null where it cannot be read. */
  async statusFile(): Promise<Readonly<Record<string, unknown>> | null> {
    try {
      return JSON.parse(
        await readFile(join(this.storagePath, 'app', 'sync_status.json'), 'utf8'),
      ) as Record<string, unknown>;
    } catch {
      return null;
    }
  }

  #fullEnv(): NodeJS.ProcessEnv {
    const own = { STORAGE_PATH: this.storagePath, SLAVE_NAME: 'shop-1', ...this.#env };
    return { PATH: process.env['PATH'] ?? '', ...own };
  }

  /** Ends what still runs. */
  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** Waits until something becomes true; a test's time limit ends it otherwise. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
}
