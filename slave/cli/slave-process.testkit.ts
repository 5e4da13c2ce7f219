import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { openSqliteConnection } from '../daemon/sqlite-connection.ts';

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

  /** Runs a command to its end. */
  async run(...words: readonly string[]): Promise<CommandResult> {
    const child = this.spawn(...words);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, stdout, stderr };
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
    const env = {
      PATH: process.env['PATH'] ?? '',
      STORAGE_PATH: this.storagePath,
      SLAVE_NAME: 'shop-1',
      ...this.#env,
    };
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd: this.storagePath,
      env,
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
  async sql(text: string): Promise<void> {
    const path = join(this.storagePath, 'slave.sqlite');
    const connection = await openSqliteConnection({ path, mode: 'create', busyTimeoutMs: 5000 });
    try {
      await connection.execute(text);
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

  /** Ends what still runs. */
  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** Waits until something becomes true; a test's time limit ends it otherwise. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
}
