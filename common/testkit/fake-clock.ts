import type { Clock } from '../core/clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Lets time pass: wall clock and monotonic clock both grow by `ms`, ≥ 0. */
  advance(ms: number): void;
  /** Sets the wall clock forwards or, with a negative `ms`, backwards; the monotonic clock stands (P11). */
  jump(ms: number): void;
}

/**
 * @param startIso what the wall clock shows first, ISO 8601; the monotonic clock starts at 0.
 */
export function createFakeClock(startIso = '2026-01-31T12:00:00.000Z'): FakeClock {
  let wallMs = Date.parse(startIso);
  if (Number.isNaN(wallMs)) throw new Error(`"${startIso}" is not an ISO 8601 time`);
  let elapsedMs = 0;
  return {
    nowIso: () => new Date(wallMs).toISOString(),
    nowMs: () => wallMs,
    monotonicMs: () => elapsedMs,
    advance: (ms) => {
      if (ms < 0) throw new Error(`time cannot pass by ${ms} ms; use jump to set the clock back`);
      wallMs += ms;
      elapsedMs += ms;
    },
    jump: (ms) => {
      wallMs += ms;
    },
  };
}
