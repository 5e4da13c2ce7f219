import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, extname } from 'node:path';

/** Where and how large a log file may become. */
export interface LogFileOptions {
  /** The newest file; older ones get a number before the ending (`sync.1.log`). */
  readonly path: string;
  /** A file that would grow beyond this is turned over first. */
  readonly maxBytes: number;
  /** How many files are kept in all, the newest included, ≥ 1. */
  readonly maxFiles: number;
}

/**
 * A file that lines are appended to and that is turned over by size.
 *
 * Lines are written at once (not buffered), so a killed process loses none, and several processes may write to the same file:
 * each notices when another has turned it over. winston's own File transport does neither, and on a full disk it
 * stops without a word and keeps all further lines in memory, so it is not used.
 */
export interface LogFile {
  /**
   * Appends one line; a line that was cut by a full disk is ended before the next.
   * @throws what the file system throws; the next call tries again from the start.
   */
  append(line: string): void;
  close(): void;
}

/** Prepares a log file; nothing is opened before the first line. */
export function createLogFile(options: LogFileOptions): LogFile {
  let descriptor: number | undefined;
  let isLineCut = false;

  const close = (): void => {
    if (descriptor === undefined) return;
    const open = descriptor;
    descriptor = undefined;
    closeSync(open);
  };
  const append = (line: string): void => {
    const bytes = Buffer.from(isLineCut ? `\n${line}\n` : `${line}\n`, 'utf8');
    descriptor = currentDescriptor(descriptor, options, bytes.length);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
      isLineCut = false;
    } catch (error) {
      isLineCut ||= written > 0;
      close();
      throw error;
    }
  };
  return { append, close };
}

/** The path of the `n`th older file, `n` ≥ 1: `sync.log` gives `sync.1.log`. */
export function olderLogFile(path: string, n: number): string {
  const ending = extname(path);
  return `${path.slice(0, path.length - ending.length)}.${n}${ending}`;
}

/** The open file if it is still the one at the path and has room, else a newly opened one. */
function currentDescriptor(
  open: number | undefined,
  options: LogFileOptions,
  bytes: number,
): number {
  const atPath = statSync(options.path, { throwIfNoEntry: false });
  const isFull = atPath !== undefined && atPath.size > 0 && atPath.size + bytes > options.maxBytes;
  if (open !== undefined) {
    const mine = fstatSync(open);
    if (!isFull && atPath?.ino === mine.ino && atPath.dev === mine.dev) return open;
    closeSync(open);
  }
  if (isFull) turnOver(options);
  mkdirSync(dirname(options.path), { recursive: true });
  return openSync(options.path, 'a', 0o640);
}

function turnOver(options: LogFileOptions): void {
  if (options.maxFiles <= 1) {
    unlinkSync(options.path);
    return;
  }
  for (let n = options.maxFiles - 1; n >= 1; n -= 1) {
    moveIfThere(
      n === 1 ? options.path : olderLogFile(options.path, n - 1),
      olderLogFile(options.path, n),
    );
  }
}

/** Another process may have turned the files over at the same moment. */
function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
