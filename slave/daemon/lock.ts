import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../common/core/clock.ts';
import { safeText } from '../../common/core/safe-text.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { writeFileAtomically } from '../../common/runtime/write-file-atomically.ts';
import { openSqliteConnection, sqliteCodeOf, type SqliteConnection } from './sqlite-connection.ts';

/** A lock that is held; the kernel frees it at any death of the process. */
export interface Lock {
  /** Settles when others can take it. May be called again. */
  release(): Promise<void>;
}

/** The locks of one slave: `sync` for one cycle (rule LOCK1), `daemon` for the life of a daemon. */
export type LockName = 'sync' | 'daemon';

/** What to lock, and as whom. */
export interface LockRequest {
  /** `STORAGE_PATH`. */
  readonly storagePath: string;
  readonly name: LockName;
  /** Command that takes it, for the message to others. */
  readonly command: string;
  readonly clock: Clock;
}

/** How long two processes that ask at the same instant may hold each other up before both would be refused. */
const BUSY_TIMEOUT_MS = 100;

/**
 * Takes a lock or refuses at once: an exclusive transaction on a small SQLite file of its own. Age, clock jumps,
 * process ids and stopped holders play no part; the note beside it serves the message only.
 *
 * @throws SyncError `sync_already_running` naming the holder; `storage_unwritable` where the file cannot be made.
 */
export async function acquireLock(request: LockRequest): Promise<Lock> {
  const { storagePath, name } = request;
  await makeFolder(storagePath);
  const path = lockPath(storagePath, name);
  const connection = await openLocked(path).catch(async (thrown: unknown) => {
    if (sqliteCodeOf(thrown) !== 'SQLITE_NOTADB') throw await explain(request, thrown);
    // Nobody can hold a file that SQLite cannot read; something else wrote it.
    await rm(path, { force: true });
    return await openLocked(path).catch(async (again: unknown) => {
      throw await explain(request, again);
    });
  });
  await leaveNote(request);
  let released: Promise<void> | undefined;
  return {
    release: async () => {
      released ??= giveUp(request, connection);
      await released;
    },
  };
}

/**
 * Whether somebody holds the lock now; for what people are shown, never for decisions. Looking takes a lock of its
 * own for a moment, which could hinder others, so it looks only where a holder has left its note.
 */
export async function isLocked(storagePath: string, name: LockName): Promise<boolean> {
  if (!existsSync(notePath(storagePath, name))) return false;
  try {
    const path = lockPath(storagePath, name);
    const connection = await openSqliteConnection({ path, mode: 'read', busyTimeoutMs: 0 });
    try {
      await connection.first('SELECT count(*) FROM sqlite_schema');
      return false;
    } finally {
      await connection.close();
    }
  } catch (thrown) {
    return sqliteCodeOf(thrown) === 'SQLITE_BUSY';
  }
}

function lockPath(storagePath: string, name: LockName): string {
  return join(storagePath, `${name}.lock.sqlite`);
}

function notePath(storagePath: string, name: LockName): string {
  return join(storagePath, `${name}.lock.json`);
}

async function leaveNote({ storagePath, name, command, clock }: LockRequest): Promise<void> {
  const note = { pid: process.pid, host: hostname(), since: clock.nowIso(), command };
  // Without a note the lock holds all the same.
  await writeFileAtomically(notePath(storagePath, name), `${JSON.stringify(note)}\n`).catch(
    () => undefined,
  );
}

/** The note goes first: afterwards it could be the next holder's. */
async function giveUp(
  { storagePath, name }: LockRequest,
  connection: SqliteConnection,
): Promise<void> {
  await rm(notePath(storagePath, name), { force: true }).catch(() => undefined);
  await connection.close();
}

async function holder({ storagePath, name }: LockRequest): Promise<string> {
  try {
    const text = await readFile(notePath(storagePath, name), 'utf8');
    const note = JSON.parse(text) as Readonly<Record<string, unknown>>; // only shown
    const [pid, host, command, since] = ['pid', 'host', 'command', 'since'].map((name) =>
      String(note[name]),
    );
    return safeText(`process ${pid} on ${host} (${command}) since ${since}`, 200);
  } catch {
    return 'another process';
  }
}

async function explain(request: LockRequest, thrown: unknown): Promise<SyncError> {
  const code = sqliteCodeOf(thrown);
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    const what = request.name === 'daemon' ? 'a daemon runs already' : 'a sync runs already';
    return new SyncError('sync_already_running', `${what}: ${await holder(request)}`);
  }
  const path = lockPath(request.storagePath, request.name);
  return new SyncError('storage_unwritable', `cannot lock ${path}: ${code}`, { cause: thrown });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new SyncError(
      'storage_unwritable',
      `cannot make the folder ${path}: ${sqliteCodeOf(thrown)}`,
      { cause: thrown },
    );
  }
}

async function openLocked(path: string): Promise<SqliteConnection> {
  const connection = await openSqliteConnection({
    path,
    mode: 'create',
    busyTimeoutMs: BUSY_TIMEOUT_MS,
  });
  try {
    await connection.execute('BEGIN EXCLUSIVE');
    return connection;
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}
