import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { safeText } from '../core/safe-text.ts';
import { SyncError } from '../core/sync-error.ts';

/** How a file is written. */
export interface AtomicWriteOptions {
  /** Rights of the new file; default 0o644. Files with secrets take 0o600. */
  readonly mode?: number;
}

/** A temporary file of a process that is gone is removed at once, any other after this age. */
const leftOverAgeMs = { ownProcess: 5_000, otherProcess: 600_000 } as const;

const fullDiskCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Another container that shares the folder may take our temporary file for a left-over one. */
const maxAttempts = 3;

/**
 * Replaces a file so that every reader, and every crash, sees the old content or the new, never a part (traps T1, T2).
 *
 * Missing folders are made. A symbolic link at `path` is replaced, not followed. When the promise settles the content
 * is on the disk; left-over temporary files of killed processes are gone.
 *
 * @throws SyncError `storage_full`, or `storage_unwritable` where the folder or the file cannot be written (a single
 *   file mounted into a container cannot be replaced: mount its folder). The old content is then still there.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  try {
    await mkdir(dirname(path), { recursive: true });
    await removeLeftOvers(path);
    for (let attempt = 1; ; attempt += 1) {
      if (await replace(path, bytes, options.mode ?? 0o644)) break;
      if (attempt === maxAttempts) throw new Error('the temporary file disappears');
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw toStorageError(path, error);
  }
}

/** @returns false if the temporary file was taken away before it could be renamed. */
async function replace(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    await writeAndSync(temporary, bytes, mode);
    await rename(temporary, path);
    return true;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (errorCode(error) !== 'ENOENT') throw error;
    await stat(dirname(path));
    return false;
  }
}

async function writeAndSync(temporary: string, bytes: Uint8Array, mode: number): Promise<void> {
  // 'wx' fails on anything that is there, a planted link included.
  const file = await open(temporary, 'wx', mode);
  try {
    // Loops until all is written, unlike a bare write, which may take a part on a full disk.
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  const { size } = await stat(temporary);
  if (size !== bytes.length) {
    throw Object.assign(new Error(`${size} of ${bytes.length} bytes were written`), {
      code: 'ENOSPC',
    });
  }
}

/** Makes the rename itself durable; some file systems refuse it, and the content is safe without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Best effort: Windows and some network file systems cannot.
  }
}

function temporaryName(path: string): string {
  const random = randomBytes(6).toString('hex');
  return join(dirname(path), `.${basename(path)}.${process.pid}.${random}.tmp`);
}

async function removeLeftOvers(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const [, pid] = name.startsWith(start)
      ? (/^(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name.slice(start.length)) ?? [])
      : [];
    if (pid === undefined) continue;
    const temporary = join(dirname(path), name);
    // Gone already, or not ours to remove: neither stops the write.
    if (await isLeftOver(temporary, Number(pid)).catch(() => false))
      await unlink(temporary).catch(() => undefined);
  }
}

async function isLeftOver(temporary: string, pid: number): Promise<boolean> {
  if (pid !== process.pid && !isRunning(pid)) return true;
  const ageMs = Date.now() - (await stat(temporary)).mtimeMs;
  return ageMs > (pid === process.pid ? leftOverAgeMs.ownProcess : leftOverAgeMs.otherProcess);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function toStorageError(path: string, error: unknown): SyncError {
  const code = errorCode(error);
  const shown = `${safeText(path)} cannot be written`;
  if (fullDiskCodes.includes(code)) {
    return new SyncError('storage_full', `${shown}: no space left on the disk (${code}).`, {
      cause: error,
    });
  }
  if (code === 'EBUSY') {
    return new SyncError('storage_unwritable', `${shown}: it is held by the system (EBUSY).`, {
      hint: 'Mount the folder of the file, not the single file.',
      cause: error,
    });
  }
  const why = code === '' ? safeText(String(error), 200) : code;
  return new SyncError('storage_unwritable', `${shown}: ${why}.`, { cause: error });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}
