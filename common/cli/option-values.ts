import { SyncError } from '../core/sync-error.ts';

/** Bounds of a number option. */
export interface NumberRange {
  readonly flag: string;
  readonly min: number;
  readonly max: number;
}

/** A whole number that was given as text. @throws SyncError `usage_invalid` naming the flag and the range. */
export function wholeNumber(text: string, { flag, min, max }: NumberRange): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new SyncError(
    'usage_invalid',
    `${flag} must be a whole number from ${min} to ${max}, not "${text}"`,
    {
      hint: `For example: ${flag} ${min}`,
    },
  );
}

/** A word out of a closed list. @throws SyncError `usage_invalid` naming the flag and the words. */
export function oneOf<T extends string>(text: string, flag: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new SyncError(
    'usage_invalid',
    `${flag} must be one of ${words.join(', ')}, not "${text}"`,
    {
      hint: `For example: ${flag} ${words[0] ?? ''}`,
    },
  );
}
