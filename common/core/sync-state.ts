import type { ErrorCode } from './error-codes.ts';

/** Named states that need a person before anything else may happen (rule ID5). */
type TroubleCode = 'slave_forked' | 'slave_rewound' | 'epoch_changed' | 'cursor_expired';

/** The part of a slave's state that says how its attempts went. Times are ISO with milliseconds and Z. */
export interface AttemptState {
  readonly retryCount: number;
  readonly lastError: AttemptError | null;
  /** Null when an attempt is due as usual. */
  readonly nextAttemptAt: string | null;
}

/** Why an attempt failed. */
export interface AttemptError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly at: string;
}

const troubles: Partial<Record<ErrorCode, TroubleCode>> = {
  slave_forked: 'slave_forked',
  slave_rewound: 'slave_rewound',
  // The master has other operations under our numbers: this database is not the one it knows.
  sequence_gap: 'slave_rewound',
  batch_id_reused: 'slave_rewound',
  epoch_changed: 'epoch_changed',
  cursor_expired: 'cursor_expired',
};

/** The named state that an error leads to; null for errors that pass by themselves. */
export function troubleOf(code: ErrorCode): TroubleCode | null {
  return troubles[code] ?? null;
}

/** Errors after which the rest of a cycle is pointless: nobody there, not let in, told to wait, or no disk. */
export function endsCycle(code: ErrorCode): boolean {
  return (
    troubleOf(code) !== null || CYCLE_ENDING.has(code) || /^(?:auth|storage|internal)_/.test(code)
  );
}

const CYCLE_ENDING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'slave_mismatch',
  'protocol_version',
  'protocol_not_found',
  'protocol_rate_limited',
  'protocol_busy',
  'transport_unreachable',
  'transport_not_a_master',
  'transport_redirect_refused',
  'transport_cancelled',
]);

/** The state after a cycle that did all it should. */
export function afterSuccess(): AttemptState {
  return { retryCount: 0, lastError: null, nextAttemptAt: null };
}

/**
 * The state after a failed cycle.
 *
 * @param nextAttemptAt null when only a person can go on, as in a named trouble.
 */
export function afterFailure(
  retryCount: number,
  error: AttemptError,
  nextAttemptAt: string | null,
): AttemptState {
  return { retryCount: retryCount + 1, lastError: error, nextAttemptAt };
}
