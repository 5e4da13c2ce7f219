import { z } from 'zod';
import { safeText } from '../core/safe-text.ts';

/** Why a text is not a value of a setting. */
export class Refusal {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A kind of setting: takes the text that was set, gives the value or says why not. */
export function textKind<T>(parse: (text: string) => T | Refusal): z.ZodType<T> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (!(value instanceof Refusal)) return value;
    context.addIssue({ code: 'custom', message: value.reason });
    return z.NEVER;
  });
}

/** `true`, `yes`, `on`, `1` or their opposites, in any case. */
export function booleanKind(): z.ZodType<boolean> {
  return textKind((text) => {
    const word = text.toLowerCase();
    if (['true', 'yes', 'on', '1'].includes(word)) return true;
    if (['false', 'no', 'off', '0'].includes(word)) return false;
    return new Refusal('is neither true nor false');
  });
}

/** A plain decimal number within `min` and `max`, both allowed; no sign, exponent or separators. */
export function numberKind(min: number, max: number): z.ZodType<number> {
  return textKind((text) => {
    if (!/^\d{1,15}(\.\d{1,6})?$/.test(text)) return new Refusal('is not a plain number');
    return inRange(Number(text), min, max);
  });
}

/** A whole number within `min` and `max`, both allowed. */
export function integerKind(min: number, max: number): z.ZodType<number> {
  return textKind((text) => {
    if (!/^\d{1,15}$/.test(text)) return new Refusal('is not a whole number');
    return inRange(Number(text), min, max);
  });
}

/** One of a closed set of words. */
export function wordKind<const W extends string>(words: readonly W[]): z.ZodType<W> {
  return textKind(
    (text) =>
      words.find((word) => word === text.toLowerCase()) ?? new Refusal('is not one of them'),
  );
}

/** A path of the file system, kept as it was set; the caller resolves it. */
export function pathKind(): z.ZodType<string> {
  return textKind((text) => {
    if (text.includes('\0')) return new Refusal('holds a NUL character');
    if (/^~(\/|$)/.test(text))
      return new Refusal('begins with "~", which only a shell understands');
    return text;
  });
}

/** A name of letters, digits, dot, underscore and hyphen, at most `maxLength` characters. */
export function nameKind(maxLength: number): z.ZodType<string> {
  return textKind((text) => {
    if (text.length > maxLength) return new Refusal(`has ${text.length} characters`);
    const bad = /[^A-Za-z0-9._-]/u.exec(text);
    return bad === null ? text : new Refusal(`holds the character "${safeText(bad[0])}"`);
  });
}

/** Values that stand in examples and mean that nobody has set a real one. */
const placeholder =
  /^(?:change[-_]?me|change[-_]?this|replace[-_]?me|your[-_]?token.*|token|secret|password|example|placeholder|todo|x{3,}|\*+|<.*>|\$\{.*\})$/i;

/** A bearer token: 8 to 512 visible ASCII characters, no quotes, no placeholder (B75). */
export function tokenKind(): z.ZodType<string> {
  return textKind((text) => {
    if (placeholder.test(text)) return new Refusal('is a placeholder, not a token');
    if (/^["'].*["']$/s.test(text)) return new Refusal('has quotes around it; remove them');
    if (/[\r\n]/.test(text)) return new Refusal('holds a line break');
    if (/\s/.test(text)) return new Refusal('holds white space');
    if (!/^[\u0021-\u007e]+$/.test(text)) return new Refusal('holds characters that no token has');
    if (text.length < 8 || text.length > 512) return new Refusal(`has ${text.length} characters`);
    return text;
  });
}

/** An `http` or `https` address without user, query and fragment; gives it without the slash at its end (B73). */
export function httpAddressKind(): z.ZodType<string> {
  return textKind((text) => {
    if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return new Refusal('has no scheme');
    if (!/^https?:\/\/[^/\\]/i.test(text)) return new Refusal('is not an http or https address');
    if (/[\s\\]/.test(text) || !URL.canParse(text)) return new Refusal('is not a valid address');
    const url = new URL(text);
    if (url.username !== '' || url.password !== '') {
      return new Refusal('holds a user or password; set SYNC_TOKEN instead');
    }
    if (text.includes('?')) return new Refusal('holds a query');
    if (text.includes('#')) return new Refusal('holds a fragment');
    if (url.port === '0') return new Refusal('names port 0');
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  });
}

/** Whether an address leads to this machine itself, so that nothing crosses a network. */
export function isLoopbackAddress(address: string): boolean {
  const host = new URL(address).hostname.replace(/\.$/, '');
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}

function inRange(value: number, min: number, max: number): number | Refusal {
  if (value < min) return new Refusal('is too small');
  return value > max ? new Refusal('is too large') : value;
}
