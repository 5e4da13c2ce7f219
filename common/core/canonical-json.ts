import type { CanonicalResult } from './canonical-result.ts';

/** Longest JSON text, in characters. */
const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 32;

/** An escape sequence of a JSON string; every backslash of a valid text begins one. */
const ESCAPE = /\\(?:u([0-9a-f]{4})|.)/gis;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/**
 * The exact text of a JSON value. Text is taken as it is; any other value is written as JSON, which is exact as long
 * as no number in it was rounded while it was read.
 *
 * @param raw JSON text, or a value that came as part of a larger JSON document.
 */
export function canonicalJson(raw: unknown): CanonicalResult {
  if (typeof raw === 'string') return canonicalText(raw);
  const fault = exactnessFault(raw, MAX_DEPTH);
  return fault ?? canonicalText(JSON.stringify(raw));
}

function canonicalText(source: string): CanonicalResult {
  if (source.length > MAX_LENGTH) {
    return refuse('value_too_long', `more than ${MAX_LENGTH} characters`);
  }
  if (source.includes('\0')) return refuse('text_nul', 'holds the NUL character');
  if (!source.isWellFormed()) return refuse('text_invalid_unicode', 'holds half a surrogate pair');
  if (nestingOf(source) > MAX_DEPTH) return tooDeep();
  try {
    JSON.parse(source);
  } catch {
    return refuse('json_invalid', 'not JSON');
  }
  return escapeFault(source) ?? { ok: true, value: source };
}

/** What a reader would make of the escapes; valid texts only, so that each begins where the one before ended. */
function escapeFault(source: string): CanonicalResult | undefined {
  if (!source.includes('\\u')) return undefined;
  // Escapes made plain: what they stand for meets its neighbours, so that halves of a pair find each other.
  const plain = source.replace(ESCAPE, (_escape, hex: string | undefined) =>
    hex === undefined ? ' ' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (plain.includes('\0')) return refuse('text_nul', 'holds the NUL character');
  return plain.isWellFormed()
    ? undefined
    : refuse('text_invalid_unicode', 'holds half a surrogate pair');
}

/** Deepest nesting of brackets outside strings; linear, so that hostile text costs nothing. */
function nestingOf(source: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < source.length; index += 1) {
    const char = source[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, (depth += 1));
    else if (char === '}' || char === ']') depth -= 1;
  }
  return deepest;
}

/**
 * Numbers that may have been others before they were read. Readers that know of this hand on the digits as text,
 * which cannot be told from text that was written as such; whoever means it sends the column as JSON text.
 */
function exactnessFault(value: unknown, depth: number): CanonicalResult | undefined {
  if (typeof value === 'number' || typeof value === 'string') {
    return isDoubtful(value)
      ? refuse('value_not_exact', 'holds a number that JSON readers round; send it as JSON text')
      : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === 0) return tooDeep();
  for (const part of Object.values(value)) {
    const fault = exactnessFault(part, depth - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isDoubtful(value: number | string): boolean {
  if (typeof value === 'number') return !Number.isFinite(value) || isRounded(value);
  if (value.length <= 15 || !NUMBER.test(value)) return false;
  return String(Number(value)) !== value || isRounded(Number(value));
}

function isRounded(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

function tooDeep(): CanonicalResult {
  return refuse('json_invalid', `nested deeper than ${MAX_DEPTH}`);
}

function refuse(
  code: Extract<CanonicalResult, { ok: false }>['code'],
  detail: string,
): CanonicalResult {
  return { ok: false, code, detail };
}
