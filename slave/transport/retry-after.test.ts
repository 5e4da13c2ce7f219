import { describe, expect, it } from 'vitest';
import { MAX_RETRY_AFTER_MS, readRetryAfterMs } from './retry-after.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const read = (retryAfter?: string, date?: string): number | undefined =>
  readRetryAfterMs({ retryAfter, date }, NOW);

describe('Retry-After', () => {
  it('BACK1 reads seconds', () => {
    expect(read('7')).toBe(7000);
    expect(read(' 0 ')).toBe(0);
  });

  it('BACK1 reads an HTTP date by the clock of whoever answered', () => {
    expect(read('Sun, 01 Mar 2026 12:01:00 GMT')).toBe(60_000);
    expect(read('Sun, 01 Mar 2026 12:01:00 GMT', 'Sun, 01 Mar 2026 12:00:30 GMT')).toBe(30_000);
    expect(read('Sun, 01 Mar 2026 11:00:00 GMT')).toBe(0);
  });

  it('BACK1 honours at most 15 minutes', () => {
    expect(read('315360000')).toBe(MAX_RETRY_AFTER_MS);
    expect(read('Tue, 01 Mar 2036 12:00:00 GMT')).toBe(MAX_RETRY_AFTER_MS);
  });

  it.each([
    undefined,
    '',
    'soon',
    '-5',
    '1.5',
    '1e3',
    'NaN',
    '2026-03-01',
    'Sun, 99 Foo 2026 12:01:00 GMT',
    '9'.repeat(400),
  ])('F28 takes %s for nothing', (text) => {
    expect(read(text)).toBeUndefined();
  });
});
