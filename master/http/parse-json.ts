import { SyncError } from '../../common/core/sync-error.ts';
import { scanJson } from './scan-json.ts';

type SourceReviver = (
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/** `JSON.parse` with the third argument that the reviver gets since Node 22 and that the types do not know yet. */
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads a JSON text without changing any value (promise P13): a number literal that is not exactly a JavaScript
 * number becomes the text of its digits, so that the row codec can take it exactly or refuse it.
 *
 * @throws SyncError `protocol_malformed_json`, `protocol_too_deep`, `protocol_duplicate_key`.
 */
export function parseJson(text: string): unknown {
  if (text.startsWith('\uFEFF')) throw malformed('the body begins with a byte order mark');
  const scan = scanJson(text);
  try {
    return scan.hasDelicateNumbers ? parseWithSource(text, keepNumber) : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    // The parser's message quotes the body, so it is not passed on.
    throw malformed('the body is not valid JSON');
  }
}

function keepNumber(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  if (!Number.isFinite(value)) throw malformed('the body holds a number that is out of range');
  if (value === 0) return isZero(context.source) ? 0 : context.source;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return context.source;
  return decimalForm(context.source) === decimalForm(String(value)) ? value : context.source;
}

function isZero(source: string): boolean {
  return !/[1-9]/.test(source.replace(/[eE].*$/, ''));
}

/** Sign, digits without leading and trailing zeros, and exponent: equal for equal decimals. */
function decimalForm(literal: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(literal) ?? [];
  const digits = whole + fraction;
  const trimmed = withoutTrailingZeros(digits);
  const power = Number(exponent) - fraction.length + (digits.length - trimmed.length);
  return `${sign}${trimmed.replace(/^0+/, '')}e${power}`;
}

/** A loop, since `/0+$/` takes quadratic time on long runs of zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end -= 1;
  return digits.slice(0, end);
}

function malformed(message: string): SyncError {
  return new SyncError('protocol_malformed_json', message);
}
