import { performance } from 'node:perf_hooks';
import type { Clock } from '../core/clock.ts';

/** The machine's own clock. */
export const systemClock: Clock = {
  nowIso: () => new Date().toISOString(),
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
