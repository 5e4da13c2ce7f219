import type { SlaveSyncState, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** A state without failure, backoff and pause. */
export const clearedStatus = {
  retryCount: 0,
  lastError: null,
  nextAttemptAt: null,
  paused: false,
} as const;

/** What a reset changes in the state so that the next sync loads everything again. */
export function resyncState(deps: SlaveDeps, keepLocalOnly: boolean): Partial<SlaveSyncState> {
  const startedAt = deps.clock.nowIso();
  return {
    ...clearedStatus,
    cursor: null,
    trouble: null,
    loading: { rows: 0, totalRows: 0, startedAt, resync: true, keepLocalOnly },
  };
}

/** Forgets what was kept of downloads that a resync repeats. */
export async function forgetDownloads(tx: SlaveWriteTx): Promise<void> {
  await tx.clearStaged();
  const refused = await tx.rejected({ direction: 'down' });
  await tx.removeRejected(refused.map((change) => change.rejectedId));
}
