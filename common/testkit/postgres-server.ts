import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  copyPostgresBinaries,
  findUnprivilegedUser,
  type SystemUser,
} from './postgres-binaries.ts';

/** A PostgreSQL server of its own, for tests. */
export interface PostgresServer {
  /** URL of the superuser's maintenance database. */
  readonly url: string;
  /** Stops the server and removes all its files. */
  stop(): Promise<void>;
}

type Guard = ChildProcessByStdio<Writable, null, Readable>;

const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const MAX_LOG_LENGTH = 8000;

/**
 * Waits for the end of its standard input, then stops the server and removes its files. Its input ends when the test
 * process closes it or dies, so that even a killed test run leaves nothing behind.
 */
const GUARD = `
root=$1; shift
trap '' INT HUP TERM
exec 3<&0
"$@" </dev/null 3<&- & server=$!
( while read -r _; do :; done; kill -INT $server 2>/dev/null ) <&3 & reader=$!
wait $server
kill $reader 2>/dev/null
rm -rf "$root"
`;

/**
 * Settings that make it quick, since nothing here must survive a power cut, and that are unlike the developer's own
 * machine on purpose: a time zone with odd minutes, and below a collation that is not byte order.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_senders: '0',
  wal_level: 'minimal',
  timezone: 'Asia/Kathmandu',
};

/**
 * Starts PostgreSQL on a free loopback port, with its data in a temporary directory. Works as root too: the server
 * then runs as `postgres` or `nobody`.
 *
 * @throws Error with the end of the server's log when it does not come up within a minute.
 */
export async function startPostgresServer(): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    const started = await startOnFreePort();
    if (typeof started !== 'string') return started;
    // Between finding a free port and using it another program may take it.
    if (started.includes('could not bind') && attempt < START_ATTEMPTS) continue;
    throw new Error(`The PostgreSQL server of the tests did not start.\n${started}`);
  }
}

/** @returns the server, or its log when it did not come up. */
async function startOnFreePort(): Promise<PostgresServer | string> {
  const root = mkdtempSync(join(tmpdir(), 'tidewater-postgres-'));
  try {
    const password = randomBytes(12).toString('hex');
    const user = findUnprivilegedUser();
    initialise(root, password, user);
    const port = await findFreePort();
    const guard = spawnGuarded(root, port, user);
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    return await awaitServer(guard, url, root);
  } catch (thrown) {
    rmSync(root, { recursive: true, force: true });
    throw thrown;
  }
}

async function awaitServer(
  guard: Guard,
  url: string,
  root: string,
): Promise<PostgresServer | string> {
  const readLog = keepLogEnd(guard);
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (guard.exitCode === null && performance.now() < deadlineMs) {
    if (await accepts(url)) return { url, stop: () => stopGuarded(guard, root) };
    await sleep(POLL_MS);
  }
  await stopGuarded(guard, root);
  return readLog();
}

function initialise(root: string, password: string, user: SystemUser | undefined): void {
  copyPostgresBinaries(join(root, 'native'));
  writeFileSync(join(root, 'password'), password);
  if (user !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, root]);
  execFileSync(
    join(root, 'native', 'bin', 'initdb'),
    [
      `--pgdata=${join(root, 'data')}`,
      `--pwfile=${join(root, 'password')}`,
      '--username=postgres',
      '--auth=password',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=icu',
      '--icu-locale=en-US',
      '--no-sync',
    ],
    { stdio: 'pipe', cwd: root, ...user },
  );
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function spawnGuarded(root: string, port: number, user: SystemUser | undefined): Guard {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = join(root, 'native', 'bin', 'postgres');
  const guard = spawn(
    'sh',
    ['-c', GUARD, 'guard', root, server, '-D', join(root, 'data'), '-p', `${port}`, ...settings],
    // A process group of its own: Ctrl-C in the terminal reaches the test runner, which then stops the guard.
    { stdio: ['pipe', 'ignore', 'pipe'], cwd: root, detached: true, ...user },
  );
  guard.unref();
  return guard;
}

function keepLogEnd(guard: Guard): () => string {
  let end = '';
  guard.stderr.setEncoding('utf8').on('data', (text: string) => {
    end = (end + text).slice(-MAX_LOG_LENGTH);
  });
  return () => end;
}

async function stopGuarded(guard: Guard, root: string): Promise<void> {
  if (guard.exitCode === null) {
    guard.ref();
    const ended = once(guard, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
    guard.stdin.end();
    await ended;
  }
  // The guard cannot remove the directory itself where its user may not write into the directory above.
  rmSync(root, { recursive: true, force: true });
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
