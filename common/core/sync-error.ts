import { errorCodes, type ErrorCode, type ErrorCodeDefinition } from './error-codes.ts';

/** What a {@link SyncError} carries beside code and message. */
export interface SyncErrorOptions {
  /** What to do next, where it is more precise than the code's remedy. */
  readonly hint?: string;
  /** Facts for programs: numbers and names, never row values or secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Milliseconds after which a retry makes sense, from `Retry-After`. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * The one error class of the product. The code decides status, exit code and retry;
 * the message says what failed, with which value.
 */
export class SyncError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SyncError';
    this.code = code;
    this.hint = options.hint ?? errorCodes[code].remedy;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether the same attempt may succeed later without a person. */
  get retryable(): boolean {
    return this.definition.retryable;
  }

  /** Meaning, remedy, HTTP status and exit code of this error's code. */
  get definition(): ErrorCodeDefinition {
    return errorCodes[this.code];
  }
}

/** Turns whatever was thrown into a SyncError; unknown things become `internal_error` with their cause kept. */
export function toSyncError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SyncError('internal_error', message, { cause: thrown });
}

/** Whether a text names one of our codes; used where codes arrive from outside. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorCodes, text);
}
