import type { Clock } from '../../common/core/clock.ts';
import type { LogFields, Logger } from '../../common/core/logger.ts';

/** One log line as watchers get it; fields as they were given. */
export interface LogLine {
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that also tells whoever watches; the lines of the inner logger stay what they were. */
export class BroadcastLog {
  readonly #listeners = new Set<(line: LogLine) => void>();
  readonly #clock: Clock;
  /** To be used instead of the inner logger. */
  readonly log: Logger;

  constructor(inner: Logger, clock: Clock) {
    this.#clock = clock;
    this.log = this.#wrap(inner, {});
  }

  /** Calls `listener` for every line from now on; the result ends that. */
  watch(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #wrap(inner: Logger, bound: LogFields): Logger {
    const at =
      (level: LogLine['level']) =>
      (message: string, fields: LogFields = {}): void => {
        inner[level](message, fields);
        this.#tell({ time: this.#clock.nowIso(), level, message, fields: { ...bound, ...fields } });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.#wrap(inner.child(fields), { ...bound, ...fields }),
    };
  }

  #tell(line: LogLine): void {
    if (this.#listeners.size === 0) return;
    const plain = { ...line, fields: withoutErrors(line.fields) };
    for (const listener of this.#listeners) listener(plain);
  }
}

/** Errors become code and message, as in the log file; their other properties are not for showing. */
function withoutErrors(fields: LogFields): LogFields {
  const plain = Object.entries(fields).map(([name, value]) => {
    if (!(value instanceof Error)) return [name, value] as const;
    const code = 'code' in value ? value.code : value.name;
    return [name, { code, message: value.message }] as const;
  });
  return Object.fromEntries(plain);
}
