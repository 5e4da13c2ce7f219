import { once } from 'node:events';
import { Writable } from 'node:stream';
import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';
import type { Clock } from '../core/clock.ts';
import type { LogFields, Logger } from '../core/logger.ts';
import { safeJson } from '../core/safe-json.ts';
import { safeText } from '../core/safe-text.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import { logLevels, type LogLevel } from './log-level.ts';
import { toLogFields, toLogText } from './log-record.ts';
import type { Redactor } from './redact.ts';
import { createRepeatFilter, type RepeatFilter } from './repeat-filter.ts';
import { systemClock } from './system-clock.ts';

/** Where lines go and what is kept out of them. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly redactor: Redactor;
  /** Path of the log file (`STORAGE_PATH/logs/sync.log`); left out: no file. */
  readonly file?: string;
  /** Whether lines go to standard error, too. Off while a screen owns the terminal. */
  readonly toStderr?: boolean;
  /** Called once when the file cannot be written; left out: a notice and the lines go to standard error. */
  readonly onUnwritable?: (reason: string) => void;
  /** Bytes of one file; default 5 MiB. */
  readonly maxBytes?: number;
  /** Files kept in all; default 5. */
  readonly maxFiles?: number;
  readonly clock?: Clock;
  readonly stderr?: NodeJS.WritableStream;
}

/** A logger with a life: whoever made it closes it. */
export interface OwnedLogger extends Logger {
  /** Writes what was held back and settles when every line is out. Later lines are dropped. */
  close(): Promise<void>;
}

/** Identical failures are written once in this time (style rule 31). */
const repeatWindowMs = 30_000;

/** How long a file that failed is left alone before the next try. */
const reopenDelayMs = 10_000;

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/**
 * Makes the logger of a program: JSON lines with `time`, `level`, `message`, `pid` and the fields.
 *
 * Secrets are taken out first; errors are reduced to code and message (stack at level `debug`); no value can break a line or reach the
 * terminal as a control sequence. Warnings and errors that repeat within 30 s are counted (`repeated`), not written.
 * Never throws: where the file cannot be written, lines go to standard error until it can (F75).
 */
export function createLogger(options: LoggerOptions): OwnedLogger {
  const clock = options.clock ?? systemClock;
  const sinks = openSinks(options, clock);
  const winston = createWinston({
    level: options.level,
    format: format.printf((info) => String(info.message)),
    transports: sinks.map((stream) => new transports.Stream({ stream, eol: '\n' })),
    silent: sinks.length === 0,
  });
  winston.on('error', () => undefined);
  const writer = new LineWriter({ winston, sinks, options, clock });
  return { ...bindLogger(writer, {}), close: () => writer.close() };
}

function bindLogger(writer: LineWriter, bound: LogFields): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      writer.log({ level, message, fields: mergeFields(bound, fields) });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => bindLogger(writer, mergeFields(bound, fields)),
  };
}

/** Getters of foreign objects may throw; logging must not. */
function mergeFields(bound: LogFields, fields: LogFields): LogFields {
  try {
    return { ...bound, ...fields };
  } catch {
    return { ...bound, unreadable_fields: true };
  }
}

interface LineWriterDeps {
  readonly winston: Winston;
  readonly sinks: readonly Writable[];
  readonly options: LoggerOptions;
  readonly clock: Clock;
}

class LineWriter {
  readonly #winston: Winston;
  readonly #sinks: readonly Writable[];
  readonly #options: LoggerOptions;
  readonly #clock: Clock;
  readonly #repeats: RepeatFilter<Line>;
  #isClosed = false;

  constructor({ winston, sinks, options, clock }: LineWriterDeps) {
    this.#winston = winston;
    this.#sinks = sinks;
    this.#options = options;
    this.#clock = clock;
    this.#repeats = createRepeatFilter(clock, repeatWindowMs);
  }

  log(line: Line): void {
    if (this.#isClosed || logLevels.indexOf(line.level) > logLevels.indexOf(this.#options.level))
      return;
    this.#writeSummaries(false);
    const isFailure = line.level === 'warn' || line.level === 'error';
    if (isFailure && !this.#repeats.admit(repeatKey(line), line)) return;
    this.#write(line);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#writeSummaries(true);
    this.#isClosed = true;
    const ends = this.#winston.transports.map((transport) => once(transport, 'finish'));
    this.#winston.end();
    await Promise.all(ends);
    for (const sink of this.#sinks) sink.destroy();
  }

  #writeSummaries(all: boolean): void {
    for (const { line, repeated } of this.#repeats.takeSummaries(all)) {
      this.#write({ ...line, fields: { ...line.fields, repeated } });
    }
  }

  #write({ level, message, fields }: Line): void {
    const { redactor } = this.#options;
    const start = {
      time: this.#clock.nowIso(),
      level,
      message: toLogText(message, redactor),
      pid: process.pid,
    };
    const withStack = this.#options.level === 'debug';
    this.#winston.log({
      level,
      message: encodeLine(start, () => toLogFields(fields, { redactor, withStack })),
    });
  }
}

/** Foreign objects can throw when they are looked at; the line is then written without its fields. */
function encodeLine(start: LogFields, fields: () => LogFields): string {
  try {
    return safeJson({ ...start, ...fields() });
  } catch {
    return safeJson({ ...start, unreadable_fields: true });
  }
}

/** What makes two failures the same: level, message, code, and whom they are about. */
function repeatKey({ level, message, fields }: Line): string {
  const error = fields['error'];
  const code = error instanceof Error && 'code' in error ? error.code : fields['code'];
  return JSON.stringify(
    [level, message, code, fields['slave'], fields['slaveId'], fields['table']].map(String),
  );
}

function openSinks(options: LoggerOptions, clock: Clock): readonly Writable[] {
  const stderr = stderrSink(options.stderr ?? process.stderr);
  const sinks = options.toStderr === true ? [stderr] : [];
  if (options.file === undefined) return sinks;
  const file = createLogFile({
    path: options.file,
    maxBytes: options.maxBytes ?? 5 * 1024 * 1024,
    maxFiles: options.maxFiles ?? 5,
  });
  const notify = options.onUnwritable ?? ((reason: string) => void stderr.write(`${reason}\n`));
  const fallback =
    options.toStderr === true || options.onUnwritable !== undefined ? undefined : stderr;
  sinks.push(fileSink(file, { path: options.file, clock, notify, fallback }));
  return sinks;
}

interface FileSinkDeps {
  readonly path: string;
  readonly clock: Clock;
  readonly notify: (reason: string) => void;
  readonly fallback: Writable | undefined;
}

function fileSink(file: LogFile, deps: FileSinkDeps): Writable {
  let brokenSinceMs: number | undefined;
  let isNotified = false;
  const write = (line: string): void => {
    const nowMs = deps.clock.monotonicMs();
    if (brokenSinceMs !== undefined && nowMs - brokenSinceMs < reopenDelayMs) {
      deps.fallback?.write(line);
      return;
    }
    try {
      file.append(line.trimEnd());
      brokenSinceMs = undefined;
    } catch (error) {
      brokenSinceMs = nowMs;
      if (!isNotified) deps.notify(unwritableReason(deps.path, error));
      isNotified = true;
      deps.fallback?.write(line);
    }
  };
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      write(line);
      done();
    },
    destroy: (_error, done) => {
      try {
        file.close();
      } finally {
        deps.fallback?.destroy();
        done();
      }
    },
  });
}

function unwritableReason(path: string, error: unknown): string {
  const why = (error as NodeJS.ErrnoException).code ?? String(error);
  return `The log ${safeText(path)} cannot be written (${safeText(String(why))}); it is tried again by itself.`;
}

/** Standard error whose reader may be gone: lines are then dropped, the program goes on. */
function stderrSink(stream: NodeJS.WritableStream): Writable {
  const ignore = (): void => undefined;
  stream.on('error', ignore);
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      try {
        stream.write(line);
      } catch {
        // A closed stream; there is nowhere left to say so.
      }
      done();
    },
    destroy: (error, done) => {
      stream.off('error', ignore);
      done(error);
    },
  });
}
