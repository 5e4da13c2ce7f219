import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { SyncError } from '../../core/sync-error.ts';
import { toStorageError } from './database-error.ts';

/** Backups that are kept, the newest ones. */
const KEPT = 5;
const FINISHED = /^\d{8}T\d{9}Z-[a-z0-9-]+\.sqlite$/;
const UNFINISHED = /^\d{8}T\d{9}Z-[a-z0-9-]+\.sqlite\.partial(-journal)?$/;
const LEFT_OVER_MS = 60 * 60_000;
const TIME_LENGTH = '20260131T120000000Z'.length;

/** What a backup is made of and where it goes. */
export interface BackupRequest {
  readonly databaseFile: string;
  /** Made when missing, for the owner alone. */
  readonly backupsDir: string;
  /** Short word for the file's name. */
  readonly reason: string;
  readonly nowIso: string;
}

/**
 * Copies a database with `VACUUM INTO` while others go on writing, and keeps the newest five copies. The file gets its
 * name only when it is complete and on the disk.
 *
 * @returns the copy's path.
 * @throws SyncError `storage_full`, `storage_unwritable`, `storage_busy`, `storage_unavailable`.
 */
export async function backupDatabase(request: BackupRequest): Promise<string> {
  const { backupsDir } = request;
  const name = nameOf(request);
  const partial = join(backupsDir, `${name}.partial`);
  try {
    mkdirSync(backupsDir, { recursive: true, mode: 0o700 });
    chmodSync(backupsDir, 0o700);
    removeLeftOvers(request);
    // VACUUM INTO takes an empty file, so its rights are in place before the first byte.
    closeSync(openSync(partial, 'wx', 0o600));
    await vacuumInto(request.databaseFile, partial);
    await flush(partial);
    renameSync(partial, join(backupsDir, name));
    await flush(backupsDir);
  } catch (error) {
    removePartial(partial);
    throw toFileError(error, partial);
  }
  prune(backupsDir, name);
  return join(backupsDir, name);
}

/** Names begin with the time, a millisecond later where another copy has it already. */
function nameOf({ nowIso, reason, backupsDir }: BackupRequest): string {
  const word = reason
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/^-|-$/g, '');
  const taken = new Set(listFiles(backupsDir).map((file) => file.slice(0, TIME_LENGTH)));
  for (let millis = Date.parse(nowIso); ; millis += 1) {
    const time = new Date(millis).toISOString().replace(/[-:.]/g, '');
    if (!taken.has(time)) return `${time}-${word || 'backup'}.sqlite`;
  }
}

/** Errors of the file system, by their codes. */
function toFileError(thrown: unknown, path: string): unknown {
  const { code } = thrown as { readonly code?: unknown };
  if (typeof code !== 'string' || !code.startsWith('E')) return toStorageError(thrown);
  const own = code === 'ENOSPC' || code === 'EDQUOT' ? 'storage_full' : 'storage_unwritable';
  return new SyncError(own, `the backup ${path} cannot be written (${code})`, { cause: thrown });
}

function vacuumInto(databaseFile: string, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(databaseFile, sqlite3.OPEN_READWRITE, (openError) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      database.configure('busyTimeout', 10_000);
      database.run('VACUUM INTO ?', [target], (error) => {
        database.close(() => (error === null ? resolve() : reject(error)));
      });
    });
  });
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Copies that a crash has left; younger ones may be another process's that is still at work. */
function removeLeftOvers({ backupsDir, nowIso }: BackupRequest): void {
  const before = Date.parse(nowIso) - LEFT_OVER_MS;
  const isOld = (file: string): boolean => statSync(join(backupsDir, file)).mtimeMs < before;
  removeFiles(backupsDir, (file) => UNFINISHED.test(file) && isOld(file));
}

function removePartial(partial: string): void {
  try {
    rmSync(partial, { force: true });
  } catch {
    // Then the next backup removes it; the error that led here matters more.
  }
}

/** The one just made stays whatever the clock says (P11). */
function prune(backupsDir: string, made: string): void {
  const others = listFiles(backupsDir).filter((file) => FINISHED.test(file) && file !== made);
  const old = new Set(
    others
      .toSorted()
      .toReversed()
      .slice(KEPT - 1),
  );
  removeFiles(backupsDir, (file) => old.has(file));
}

function removeFiles(folder: string, isMeant: (file: string) => boolean): void {
  for (const file of listFiles(folder))
    if (isMeant(file)) rmSync(join(folder, file), { force: true });
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
