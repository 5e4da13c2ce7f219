import { halved } from '../../common/core/adaptive-size.ts';
import { toSyncError, type SyncError } from '../../common/core/sync-error.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import type { SlaveSyncState } from '../../common/storage/slave-store.ts';
import type { SlaveUpload } from '../transport/master-client.ts';
import { buildRecord } from './build-record.ts';
import { cutBatch, type PreparedBatch } from './cut-batch.ts';
import { countRequest, countUploaded, throwIfCancelled, type CycleRun } from './cycle-run.ts';
import { identityOf } from './exchange.ts';
import { loadLocalWork } from './local-work.ts';
import { retryRejected } from './retry-rejected.ts';
import { setAside } from './set-aside.ts';
import { settleUpload } from './settle-upload.ts';

/**
 * Uploads until the outbox is empty (rule CYCLE1), set-aside changes that may now be taken included. Each batch is
 * written down, sent, and dealt with in one transaction; stopping anywhere in between repeats the same batch.
 *
 * @throws SyncError what stopped it; everything unsent stays in the outbox.
 */
export async function uploadChanges(run: CycleRun): Promise<void> {
  if ((await retryRejected(run.deps)) > 0) run.onProgress({ kind: 'phase', phase: 'retry' });
  for (;;) {
    throwIfCancelled(run);
    const prepared = await nextBatch(run);
    if (prepared === null) return;
    try {
      await uploadBatch(run, prepared);
    } catch (thrown) {
      const error = toSyncError(thrown);
      if (!(await adaptToFailure(run, prepared, error))) throw error;
    }
  }
}

async function nextBatch(run: CycleRun): Promise<PreparedBatch | null> {
  const { store } = run.deps;
  const isIdle = await store.read(async (tx) => (await tx.outbox(0, 1, 1)).length === 0);
  return isIdle ? null : store.write((tx) => cutBatch(tx, run.deps));
}

async function uploadBatch(run: CycleRun, prepared: PreparedBatch): Promise<void> {
  const { deps } = run;
  const state = await deps.store.read((tx) => tx.state());
  const sentMs = deps.clock.nowMs();
  const answer = await deps.client.upload(
    envelope(run, prepared, state),
    identityOf(state),
    run.signal,
  );
  countRequest(run, answer.meta);
  const middleMs = (sentMs + deps.clock.nowMs()) / 2;
  const counts = await deps.store.write((tx) =>
    settleUpload(tx, deps, prepared, { ...answer, middleMs }),
  );
  countUploaded(run, counts);
  const remaining = await deps.store.read((tx) => tx.pendingCount());
  run.onProgress({ kind: 'uploaded', records: run.report.uploaded.records, remaining });
}

function envelope(
  run: CycleRun,
  { batch, entries }: PreparedBatch,
  state: SlaveSyncState,
): SlaveUpload {
  return {
    records: entries.map(buildRecord),
    protocol: PROTOCOL_VERSION,
    incarnation: state.incarnation,
    epoch: state.epoch,
    batch_id: batch.batchId,
    first_op: batch.firstOperation,
    last_op: batch.lastOperation,
    sent_at: run.deps.clock.nowIso(),
  };
}

/**
 * Makes the next request smaller (rule SIZE1). A batch refused for its size was not taken, so it is cut anew; one
 * that timed out may have been, so it stays as it is.
 *
 * @returns whether the upload can go on at once.
 */
async function adaptToFailure(
  run: CycleRun,
  prepared: PreparedBatch,
  error: SyncError,
): Promise<boolean> {
  const isTooLarge = error.code === 'body_too_large' || error.code === 'batch_too_large';
  if (!isTooLarge && error.code !== 'transport_timeout') return false;
  const { deps } = run;
  await deps.store.write(async (tx) => {
    await tx.patchState({ batchLimit: halved(prepared.entries.length) });
    if (!isTooLarge) return;
    await tx.saveBatch(null);
    const [entry] = prepared.entries;
    if (prepared.entries.length > 1 || entry === undefined || entry.isVoid) return;
    const work = (await loadLocalWork(tx, entry.table, [entry.id])).get(entry.id);
    const reason = {
      code: 'row_too_large',
      detail: 'the master refused the record for its size',
    } as const;
    if (work !== undefined) await setAside(tx, work, [{ entry, reason }], deps.clock.nowIso());
  });
  run.onProgress({ kind: 'notice', code: error.code, message: error.message });
  const isVoid = prepared.entries.length === 1 && prepared.entries[0]?.isVoid === true;
  return isTooLarge && !isVoid;
}
