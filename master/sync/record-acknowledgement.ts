import { SyncError } from '../../common/core/sync-error.ts';
import type { AcknowledgeRequest } from '../../common/protocol/acknowledge.ts';
import type { MasterWriteTx } from '../../common/storage/master-store.ts';
import { checkedCursor } from './download-start.ts';
import type { RequestIdentity } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';

/**
 * Notes how far a slave is. Repeatable, and never goes back.
 *
 * @throws SyncError `cursor_invalid`, `epoch_changed` (also for a cursor beyond the head).
 */
export async function recordAcknowledgement(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: AcknowledgeRequest,
): Promise<void> {
  await deps.store.write(async (tx) => {
    const position = await acknowledgedPosition(tx, request);
    const state = identity.name === '' ? null : await tx.lockSlave(identity.name);
    if (state === null) return;
    await tx.saveSlave({
      ...state,
      acknowledgedPosition: Math.max(state.acknowledgedPosition, position),
      pending: request.pending ?? state.pending,
      lastContactAt: deps.clock.nowIso(),
      lastStatus: request.status,
      lastMessage: request.message ?? null,
    });
  });
}

async function acknowledgedPosition(
  tx: MasterWriteTx,
  request: AcknowledgeRequest,
): Promise<number> {
  if (request.cursor === undefined || request.cursor === null) return 0;
  try {
    const cursor = await checkedCursor(tx, request.cursor, await tx.epoch());
    // During a snapshot nothing of the log counts as received yet.
    return cursor.kind === 'log' ? cursor.position : 0;
  } catch (error) {
    if (error instanceof SyncError && error.code === 'cursor_expired') return 0;
    throw error;
  }
}
