/** Longest wait before another attempt, and longest `Retry-After` that is honoured (rule BACK1). */
export const MAX_BACKOFF_MS = 15 * 60_000;

const BASE_DELAY_MS = 10_000;
const MIN_DELAY_MS = 1_000;

/** What decides how long to wait. */
export interface BackoffSituation {
  /** Failures in a row, this one included; 1 or more. */
  readonly failures: number;
  /** Usual time between cycles, which no wait exceeds unless the master asks for it. */
  readonly intervalMs: number;
  /** From 0 to 1: spreads slaves that failed together. */
  readonly random: number;
  /** False for failures that only a person can mend: those are tried at the slow end at once. */
  readonly retryable: boolean;
  /** The master's `Retry-After`. */
  readonly retryAfterMs?: number;
}

/** Milliseconds to wait before the next attempt: exponential with full jitter (rule BACK1). */
export function backoffDelayMs(situation: BackoffSituation): number {
  const capMs = Math.max(MIN_DELAY_MS, Math.min(MAX_BACKOFF_MS, situation.intervalMs));
  const spanMs = Math.min(capMs, BASE_DELAY_MS * 2 ** Math.max(0, situation.failures - 1));
  const delayMs = situation.retryable ? Math.floor(situation.random * spanMs) : capMs;
  const floorMs = Math.min(MAX_BACKOFF_MS, Math.max(MIN_DELAY_MS, situation.retryAfterMs ?? 0));
  return Math.max(delayMs, floorMs);
}
