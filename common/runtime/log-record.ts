import type { LogFields } from '../core/logger.ts';
import { SyncError } from '../core/sync-error.ts';
import { redactedMark, type Redactor } from './redact.ts';

/** How a value is turned into something that may stand in a log line. */
export interface LogValueOptions {
  readonly redactor: Redactor;
  /** Whether errors bring their stack; only at level `debug`. */
  readonly withStack: boolean;
}

/** Options, and how many more values this line may hold, so that no object can make a line endless. */
interface Walk extends LogValueOptions {
  valuesLeft: number;
}

const maxDepth = 6;
const maxEntries = 100;
const maxValues = 1000;
const maxStringLength = 8 * 1024;
const maxStackLines = 12;

/**
 * The fields of a line, redacted, cut to bounded size and free of Error objects; never throws.
 * Names of the line's own (`time`, `level`, `message`, `pid`) get an underscore behind them.
 */
export function toLogFields(fields: LogFields, options: LogValueOptions): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [key, value] of copyEntries(fields, { ...options, valuesLeft: maxValues }, 0)) {
    record[['time', 'level', 'message', 'pid'].includes(key) ? `${key}_` : key] = value;
  }
  return record;
}

/** Redacts a text and cuts it to 8 Ki characters. */
export function toLogText(text: string, redactor: Redactor): string {
  const redacted = redactor.text(text);
  return redacted.length <= maxStringLength ? redacted : `${redacted.slice(0, maxStringLength)}…`;
}

function toLogValue(value: unknown, walk: Walk, depth: number): unknown {
  if (typeof value === 'string') return toLogText(value, walk.redactor);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (value === undefined) return undefined;
  return objectToLogValue(value, walk, depth);
}

function objectToLogValue(value: object, walk: Walk, depth: number): unknown {
  if (value instanceof Error) return errorToLogValue(value, walk, depth);
  if (depth >= maxDepth || walk.valuesLeft <= 0) return '[more]';
  if (Array.isArray(value) || value instanceof Set) {
    const items: readonly unknown[] = [...value].slice(0, maxEntries);
    walk.valuesLeft -= items.length;
    return items.map((item) => toLogValue(item, walk, depth + 1));
  }
  return shortForm(value, walk.redactor) ?? Object.fromEntries(copyEntries(value, walk, depth + 1));
}

/** Objects that are better told in one text than by their properties. */
function shortForm(value: object, redactor: Redactor): string | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  }
  if (value instanceof URL) return redactor.text(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return value instanceof Map ? `[map of ${value.size}]` : undefined;
}

function copyEntries(
  value: object,
  walk: Walk,
  depth: number,
): readonly (readonly [string, unknown])[] {
  return Object.keys(value)
    .slice(0, maxEntries)
    .map((key) => {
      walk.valuesLeft -= 1;
      const content = readProperty(value, key);
      if (isHidden(key, content, walk.redactor)) return [key, redactedMark] as const;
      return [walk.redactor.text(key), toLogValue(content, walk, depth)] as const;
    });
}

/** Counts and flags under a secret's name (`tokens: 2`) tell nothing; all other values do. */
function isHidden(key: string, value: unknown, redactor: Redactor): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  if (typeof value === 'number' && key.endsWith('s')) return false;
  return redactor.isSecretKey(key);
}

/** Getters of foreign objects may throw; a log line must not. */
function readProperty(value: object, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    return '[unreadable]';
  }
}

/** Code and message only: other properties of foreign errors hold requests, headers and connection strings. */
function errorToLogValue(error: Error, walk: Walk, depth: number): Record<string, unknown> {
  const code = readProperty(error, 'code');
  const known: Record<string, unknown> = {};
  if (typeof code === 'string' || typeof code === 'number')
    known['code'] = toLogValue(code, walk, depth);
  else known['name'] = toLogText(String(readProperty(error, 'name')), walk.redactor);
  known['message'] = toLogText(String(readProperty(error, 'message')), walk.redactor);
  if (error instanceof SyncError && Object.keys(error.details).length > 0) {
    known['details'] = toLogValue(error.details, walk, depth + 1);
  }
  if (walk.withStack) known['stack'] = stackLines(error, walk.redactor);
  const cause = readProperty(error, 'cause');
  if (cause instanceof Error && depth < maxDepth)
    known['cause'] = errorToLogValue(cause, walk, depth + 1);
  return known;
}

function stackLines(error: Error, redactor: Redactor): readonly string[] {
  return String(readProperty(error, 'stack'))
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, maxStackLines)
    .map((line) => toLogText(line.trim(), redactor));
}
