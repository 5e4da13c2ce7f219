import { toSyncError, type SyncError } from '../../common/core/sync-error.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import { endsCycle } from '../../common/core/sync-state.ts';
import { acknowledgeDownload } from './acknowledge-download.ts';
import { troubleError } from './attempt.ts';
import { newRun, throwIfCancelled, type CycleOptions, type CycleRun } from './cycle-run.ts';
import { downloadChanges } from './download-changes.ts';
import { finishCycle } from './finish-cycle.ts';
import type { SlaveDeps } from './slave-deps.ts';
import { uploadChanges } from './upload-changes.ts';

/**
 * READ FIRST. One sync cycle (rule CYCLE1): upload until the outbox is empty, download until the master has nothing
 * more, acknowledge, write down how it went. The caller holds the sync lock (rule LOCK1).
 *
 * Every step is one request followed by one transaction that deals with the answer; docs/sync-spec.md lists why it is
 * safe to stop after each. Never throws: what went wrong is in the report, in the state and in the history.
 */
export async function runSyncCycle(deps: SlaveDeps, options: CycleOptions): Promise<SyncReport> {
  const run = newRun(deps, options);
  const failure = await runSteps(run);
  return finishCycle(run, failure);
}

async function runSteps(run: CycleRun): Promise<SyncError | null> {
  const obstacle = await failureOf(beginCycle(run));
  if (obstacle !== null) return obstacle;

  run.onProgress({ kind: 'phase', phase: 'upload' });
  const uploadFailure = await failureOf(uploadChanges(run));
  if (uploadFailure !== null && endsCycle(uploadFailure.code)) return uploadFailure;

  // A failing upload does not stop the download: news of others still arrives.
  run.onProgress({ kind: 'phase', phase: await downloadPhase(run) });
  const downloadFailure = await failureOf(downloadChanges(run));
  if (downloadFailure !== null && endsCycle(downloadFailure.code)) return downloadFailure;

  run.onProgress({ kind: 'phase', phase: 'acknowledge' });
  const failure = uploadFailure ?? downloadFailure;
  const acknowledgeFailure = await failureOf(acknowledgeDownload(run, failure));
  if (acknowledgeFailure !== null && endsCycle(acknowledgeFailure.code)) return acknowledgeFailure;
  return failure ?? acknowledgeFailure;
}

/** Writes the cycle and its exchange down, so that a repetition is told from a copy (rule ID2); refuses in trouble. */
async function beginCycle(run: CycleRun): Promise<void> {
  throwIfCancelled(run);
  const { store, clock, randomId } = run.deps;
  // A table that was dropped and remade has lost its capture; syncing on would hide that.
  await store.checkSchema();
  const trouble = await store.write(async (tx) => {
    const state = await tx.state();
    const startedAt = clock.nowIso();
    run.cycleId = await tx.beginCycle(startedAt);
    await tx.patchState({ lastAttemptAt: startedAt, exchangeId: state.exchangeId ?? randomId() });
    return state.trouble;
  });
  if (trouble !== null) throw troubleError(trouble);
}

async function downloadPhase(run: CycleRun): Promise<'load' | 'download'> {
  try {
    const state = await run.deps.store.read((tx) => tx.state());
    return state.cursor === null || state.loading !== null ? 'load' : 'download';
  } catch {
    // Only a word for people; a database that cannot be read fails in the next step.
    return 'download';
  }
}

async function failureOf(step: Promise<void>): Promise<SyncError | null> {
  try {
    await step;
    return null;
  } catch (thrown) {
    return toSyncError(thrown);
  }
}
