import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffDelayMs, MAX_BACKOFF_MS, type BackoffSituation } from './backoff.ts';

const situation: BackoffSituation = {
  failures: 1,
  intervalMs: 300_000,
  random: 1,
  retryable: true,
};

it('BACK1 doubles the wait with every failure, up to the interval', () => {
  const waits = [1, 2, 3, 4, 5, 6, 60].map((failures) =>
    backoffDelayMs({ ...situation, failures }),
  );
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

it('BACK1 spreads waits over the whole span, so that slaves do not come back together', () => {
  expect(backoffDelayMs({ ...situation, failures: 5, random: 0.25 })).toBe(40_000);
});

it('BACK1 honours Retry-After up to 15 minutes', () => {
  expect(backoffDelayMs({ ...situation, random: 0, retryAfterMs: 120_000 })).toBe(120_000);
  expect(backoffDelayMs({ ...situation, random: 0, retryAfterMs: 86_400_000 })).toBe(
    MAX_BACKOFF_MS,
  );
});

it('tries failures that only a person can mend at the slow end', () => {
  expect(backoffDelayMs({ ...situation, retryable: false, random: 0 })).toBe(300_000);
  expect(backoffDelayMs({ ...situation, retryable: false, intervalMs: 86_400_000 })).toBe(
    MAX_BACKOFF_MS,
  );
});

it('P10 never waits longer than 15 minutes and never less than a second', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      (failures, intervalMs, random, retryable) => {
        const waitMs = backoffDelayMs({ failures, intervalMs, random, retryable });
        expect(waitMs).toBeGreaterThanOrEqual(1_000);
        expect(waitMs).toBeLessThanOrEqual(Math.max(1_000, Math.min(MAX_BACKOFF_MS, intervalMs)));
      },
    ),
  );
});
