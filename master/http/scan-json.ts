import { SyncError } from '../../common/core/sync-error.ts';

/** What a scan found beside faults. */
export interface JsonScan {
  /** Some number literal may not be the number that `JSON.parse` makes of it. */
  readonly hasDelicateNumbers: boolean;
}

/** Deepest nesting of arrays and objects in a request. */
const MAX_JSON_DEPTH = 32;

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const MINUS = 45;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
/** Up to 15 digits a JSON number is exactly the decimal that was written. */
const EXACT_LITERAL_LENGTH = 15;

/** One open array (`keys` is null) or object. */
interface Level {
  readonly keys: Set<string> | null;
  expectsKey: boolean;
}

/**
 * Looks through a JSON text for what `JSON.parse` takes without a word: deep nesting and duplicate keys. One pass,
 * no recursion, no backtracking. It does not check the grammar; `JSON.parse` does that afterwards.
 *
 * @throws SyncError `protocol_too_deep`, `protocol_duplicate_key`.
 */
export function scanJson(text: string): JsonScan {
  const levels: Level[] = [];
  let hasDelicateNumbers = false;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      noteKey(levels.at(-1), text, at, end);
      at = end;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      hasDelicateNumbers ||= isDelicate(text, at, end);
      at = end;
    } else {
      noteStructure(levels, code);
      at += 1;
    }
  }
  return { hasDelicateNumbers };
}

function noteStructure(levels: Level[], code: number): void {
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
    if (levels.length === MAX_JSON_DEPTH) {
      throw new SyncError(
        'protocol_too_deep',
        `the body is nested deeper than ${MAX_JSON_DEPTH} levels`,
        { details: { limit: MAX_JSON_DEPTH } },
      );
    }
    const isObject = code === OPEN_OBJECT;
    levels.push({ keys: isObject ? new Set() : null, expectsKey: isObject });
    return;
  }
  if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
    levels.pop();
    return;
  }
  const level = levels.at(-1);
  if (level === undefined) return;
  if (code === COMMA) level.expectsKey = level.keys !== null;
  if (code === COLON) level.expectsKey = false;
}

/** Remembers a key of the innermost object; values are passed over. */
function noteKey(level: Level | undefined, text: string, start: number, end: number): void {
  if (level === undefined || level.keys === null || !level.expectsKey) return;
  const key = unescapeKey(text.slice(start, end));
  if (key === undefined) return;
  if (level.keys.has(key)) {
    throw new SyncError(
      'protocol_duplicate_key',
      `an object in the body names the key "${key.slice(0, 64)}" twice`,
    );
  }
  level.keys.add(key);
}

/** The key itself; undefined when the literal is malformed, which `JSON.parse` will report. */
function unescapeKey(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return undefined;
  }
}

/** Index after the closing quote, or the text's end. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    if (!isEscaped(text, quote, at)) return quote + 1;
    at = quote + 1;
  }
}

/** Whether an odd number of backslashes stands before the quote. Each is looked at once, as none lies before `from`. */
function isEscaped(text: string, quote: number, from: number): boolean {
  let at = quote - 1;
  while (at >= from && text.charCodeAt(at) === BACKSLASH) at -= 1;
  return (quote - 1 - at) % 2 === 1;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isNumberPart(text.charCodeAt(at))) at += 1;
  return at;
}

function isDelicate(text: string, start: number, end: number): boolean {
  if (end - start > EXACT_LITERAL_LENGTH) return true;
  const literal = text.slice(start, end);
  return literal.startsWith('-0') || /e/i.test(literal);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Digits, point, exponent and signs. */
function isNumberPart(code: number): boolean {
  return isDigit(code) || code === 46 || code === 69 || code === 101 || code === 43 || code === 45;
}
