import { open, stat, type FileHandle } from 'node:fs/promises';
import { olderLogFile } from '../../common/runtime/log-file.ts';
import { sleep } from '../../common/runtime/sleep.ts';

/** Place in a log: how far a file was read. */
export interface LogPlace {
  readonly inode: number;
  readonly offset: number;
}

/** The newest lines of a log, and where they end. */
export interface LastLines {
  readonly lines: readonly string[];
  readonly end: LogPlace | null;
}

/** Most bytes that are read of one file to find its last lines. */
const MAX_TAIL_BYTES = 8 * 1024 * 1024;
const MAX_OLDER_FILES = 10;
const LOOK_EVERY_MS = 300;

/** The newest `count` lines of a log, oldest first, over its older files where the newest does not hold enough. */
export async function readLastLines(path: string, count: number): Promise<LastLines> {
  const newest = await readTail(path);
  let lines = newest?.lines ?? [];
  for (let n = 1; lines.length < count && n <= MAX_OLDER_FILES; n += 1) {
    const older = await readTail(olderLogFile(path, n));
    if (older === null) break;
    lines = [...older.lines, ...lines];
  }
  return { lines: count === 0 ? [] : lines.slice(-count), end: newest?.end ?? null };
}

/** Calls `onLines` with lines as they are written, through turn-overs of the file, until `signal` aborts. */
export async function followLines(
  path: string,
  from: LogPlace | null,
  onLines: (lines: readonly string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let place = from;
  while (!signal.aborted) {
    const found = await readFrom(path, place);
    if (found !== null) {
      place = found.end;
      if (found.lines.length > 0) onLines(found.lines);
    }
    await sleep(LOOK_EVERY_MS, signal).catch(() => undefined); // a stop ends the loop
  }
}

interface Read {
  readonly lines: readonly string[];
  readonly end: LogPlace;
}

async function readTail(path: string): Promise<Read | null> {
  return await withFile(path, async (file, { inode, size }) => {
    const start = Math.max(0, size - MAX_TAIL_BYTES);
    const read = await readLines(file, start, size);
    return {
      lines: start === 0 ? read.lines : read.lines.slice(1),
      end: { inode, offset: read.offset },
    };
  });
}

/** A file of another inode, or one that became shorter, is a new one and is read from its start. */
async function readFrom(path: string, place: LogPlace | null): Promise<Read | null> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => null,
  );
  if (
    size === null ||
    (place !== null && size === place.offset && (await inodeOf(path)) === place.inode)
  )
    return null;
  return await withFile(path, async (file, found) => {
    const isSame = place !== null && place.inode === found.inode && place.offset <= found.size;
    const start = isSame ? place.offset : 0;
    const read = await readLines(file, start, Math.min(found.size, start + MAX_TAIL_BYTES));
    return { lines: read.lines, end: { inode: found.inode, offset: read.offset } };
  });
}

/** Complete lines between two offsets, and where the last one ends. */
async function readLines(
  file: FileHandle,
  start: number,
  end: number,
): Promise<{ lines: readonly string[]; offset: number }> {
  const bytes = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  const last = bytes.subarray(0, bytesRead).lastIndexOf(0x0a);
  if (last === -1) return { lines: [], offset: start };
  return { lines: bytes.subarray(0, last).toString('utf8').split('\n'), offset: start + last + 1 };
}

async function withFile(
  path: string,
  work: (
    file: FileHandle,
    found: { readonly inode: number; readonly size: number },
  ) => Promise<Read>,
): Promise<Read | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return null; // no log yet, or not ours to read
  }
  try {
    const { ino, size } = await file.stat();
    return await work(file, { inode: ino, size });
  } finally {
    await file.close();
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino;
}
