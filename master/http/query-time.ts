import { canonicalTime } from '../../common/core/canonical-time.ts';
import { SyncError } from '../../common/core/sync-error.ts';

/**
 * A time as programs write it, in canonical form. Finer parts than milliseconds are cut, which only makes the time
 * earlier, and so never misses a change.
 *
 * @param name the field or parameter, for the message.
 * @throws SyncError `time_invalid`.
 */
export function readTime(text: string, name: string): string {
  const cut = text
    .slice(0, 64)
    // A plus sign that was not escaped in a URL arrives as a space.
    .replace(/(:\d\d(?:\.\d{1,9})?) (\d\d:?\d\d)$/, '$1+$2')
    .replace(/(\.\d{3})\d{1,6}/, '$1');
  const result = canonicalTime(cut);
  if (result.ok && typeof result.value === 'string') return result.value;
  throw new SyncError('time_invalid', `${name} must be a time such as 2026-01-31T12:00:00.000Z`);
}
