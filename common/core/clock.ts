/** Time as it is handed to whoever needs it; real in production, made up in tests and simulation. */
export interface Clock {
  /** Wall clock, ISO 8601 with milliseconds and Z. May jump. */
  nowIso(): string;
  /** Wall clock in milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Milliseconds that only ever grow; for durations and deadlines. */
  monotonicMs(): number;
}
