/** Begin of every token text, so that scanners for leaked secrets can find ours. */
const TOKEN_PREFIX = 'tdw_';

/** Bytes of randomness in a token. */
export const TOKEN_BYTES = 32;

const TOKEN = /^tdw_[A-Za-z0-9_-]{43}$/;
const SLAVE_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** The text of a token: prefix and 256 random bits as base64url. */
export function formatToken(random: Buffer): string {
  return TOKEN_PREFIX + random.toString('base64url');
}

/** Whether a text has the form of a token; says nothing about its validity. */
export function isTokenText(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a text can be the name of a slave: 1 to 64 letters, digits, dots, underscores and hyphens. */
export function isSlaveName(text: string): boolean {
  return SLAVE_NAME.test(text);
}
