import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** A new id that cannot be guessed: 128 random bits as 32 lower-case hex digits. */
export function randomId(): string {
  return randomBytes(16).toString('hex');
}

/** A new UUIDv7 (RFC 9562) for a row; ids made one after the other in a process sort in that order. */
export function uuidV7(): string {
  return v7();
}
