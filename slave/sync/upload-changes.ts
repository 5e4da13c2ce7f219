import { halved } from '../../common/core/adaptive-size.ts';
import { toSyncError, type SyncError } from '../../common/core/sync-error.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import type {
  CurrentBatch,
  OutboxEntry,
  SlaveSyncState,
  SlaveWriteTx,
} from '../../common/storage/slave-store.ts';
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
  let partSize = Infinity;
  for (;;) {
    throwIfCancelled(run);
    const prepared = await nextBatch(run, partSize);
    if (prepared === null) return;
    try {
      await uploadBatch(run, prepared);
    } catch (thrown) {
      const error = toSyncError(thrown);
      if (!(await adaptToFailure(run, prepared, error))) throw error;
      partSize = halved(prepared.entries.length);
    }
  }
}

async function nextBatch(run: CycleRun, partSize: number): Promise<PreparedBatch | null> {
  const { store } = run.deps;
  const isIdle = await store.read(async (tx) => (await tx.outbox(0, 1, 1)).length === 0);
  return isIdle ? null : store.write((tx) => cutBatch(tx, run.deps, partSize));
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
 * Makes the next request smaller (rule SIZE1). A batch that is refused for its size at its first attempt was not
 * taken, so it is cut anew; one whose answer was lost before may have been, so it goes on in parts of the same content.
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
  const { store } = run.deps;
  await store.write((tx) => tx.patchState({ batchLimit: halved(prepared.entries.length) }));
  run.onProgress({ kind: 'notice', code: error.code, message: error.message });
  return isTooLarge && makeSmaller(run, prepared);
}

/** Returns whether there is something smaller to send. */
async function makeSmaller(run: CycleRun, prepared: PreparedBatch): Promise<boolean> {
  const { store } = run.deps;
  const { mayBeTaken, rest } = prepared;
  const [entry, second] = prepared.entries;
  if (second !== undefined) {
    if (!mayBeTaken) await store.write((tx) => tx.saveBatch(null));
    return true;
  }
  if (entry === undefined || entry.isVoid) return false;
  if (mayBeTaken && (await isTaken(run, entry))) return false;
  await store.write((tx) => setAsideLarge(tx, run, entry, rest));
  return true;
}

/** Whether the master has an operation, or may have it; asked with a page that is dropped. */
async function isTaken(run: CycleRun, { operation }: OutboxEntry): Promise<boolean> {
  const { store, client } = run.deps;
  const state = await store.read((tx) => tx.state());
  const query = state.cursor === null ? { limit: 1 } : { limit: 1, cursor: state.cursor };
  const identity = { ...identityOf(state), exchangeId: null };
  const { body } = await client.download(query, identity, run.signal);
  return body.last_op === undefined || body.last_op >= operation;
}

async function setAsideLarge(
  tx: SlaveWriteTx,
  run: CycleRun,
  entry: OutboxEntry,
  rest: CurrentBatch | null,
): Promise<void> {
  await tx.saveBatch(rest);
  const work = (await loadLocalWork(tx, entry.table, [entry.id])).get(entry.id);
  const reason = {
    code: 'row_too_large',
    detail: 'the master refused the record for its size',
  } as const;
  if (work !== undefined) await setAside(tx, work, [{ entry, reason }], run.deps.clock.nowIso());
}
