import { MAX_BACKOFF_MS } from '../../common/core/backoff.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { SlaveSyncState, Trouble } from '../../common/storage/slave-store.ts';
import { msFromIso } from './iso-time.ts';

/** Who asks for a cycle, and when. */
export interface AttemptRequest {
  /** Runs although disabled, paused or backing off; never skips a trouble. */
  readonly force: boolean;
  /** `SYNC_ENABLED`. */
  readonly enabled: boolean;
  readonly nowMs: number;
}

/** Whether a cycle may begin. */
export type AttemptVerdict =
  | { readonly run: true }
  | { readonly run: false; readonly error: SyncError };

/** Decides whether a cycle may begin now, and says why not. */
export function mayRun(
  state: Pick<SlaveSyncState, 'trouble' | 'paused' | 'nextAttemptAt'>,
  request: AttemptRequest,
): AttemptVerdict {
  if (state.trouble !== null) return { run: false, error: troubleError(state.trouble) };
  if (request.force) return { run: true };
  if (!request.enabled)
    return refuse('sync_disabled', 'syncing is switched off by SYNC_ENABLED=false');
  if (state.paused) return refuse('sync_disabled', 'syncing is paused');
  const waitMs = remainingWaitMs(state.nextAttemptAt, request.nowMs);
  if (waitMs > 0) {
    return refuse(
      'sync_backing_off',
      `the last attempt failed; the next one is due in ${Math.ceil(waitMs / 1000)} s`,
    );
  }
  return { run: true };
}

/** The error under which a named trouble is shown until `sync:reset`. */
export function troubleError(trouble: Trouble): SyncError {
  return new SyncError(trouble, `the slave stopped with ${trouble}; nothing was sent`);
}

function refuse(code: 'sync_disabled' | 'sync_backing_off', message: string): AttemptVerdict {
  return { run: false, error: new SyncError(code, message) };
}

/** No wait is longer than the longest backoff; a longer one means that the clock jumped back (P11). */
function remainingWaitMs(nextAttemptAt: string | null, nowMs: number): number {
  if (nextAttemptAt === null) return 0;
  const waitMs = (msFromIso(nextAttemptAt) ?? nowMs) - nowMs;
  return waitMs > MAX_BACKOFF_MS ? 0 : waitMs;
}
