import { backoffDelayMs } from '../../common/core/backoff.ts';
import { toSyncError, type SyncError } from '../../common/core/sync-error.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import { afterFailure, afterSuccess, troubleOf } from '../../common/core/sync-state.ts';
import type { SlaveSyncState, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { CycleRun } from './cycle-run.ts';
import { isoFromMs } from './iso-time.ts';

/** Writes down how a cycle went, in state and history, and when the next attempt is due (rule BACK1). Never throws. */
export async function finishCycle(run: CycleRun, failure: SyncError | null): Promise<SyncReport> {
  const { deps } = run;
  try {
    const report = await deps.store.write((tx) => writeOutcome(tx, run, failure));
    logCycle(run, report, failure);
    return report;
  } catch (thrown) {
    // The disk is full or the database is gone: the rows and the outbox are as the last step left them.
    const error = failure ?? toSyncError(thrown);
    const report = reportOf(run, error, {
      pending: run.report.pending,
      rejected: run.report.rejected,
    });
    logCycle(run, report, toSyncError(thrown));
    return report;
  }
}

async function writeOutcome(
  tx: SlaveWriteTx,
  run: CycleRun,
  failure: SyncError | null,
): Promise<SyncReport> {
  const counts = { pending: await tx.pendingCount(), rejected: await tx.rejectedCount() };
  const report = reportOf(run, failure, counts);
  const state = await tx.state();
  if (report.outcome !== 'cancelled') await tx.patchState(stateAfter(run, state, failure));
  if (run.cycleId !== null) await tx.endCycle(run.cycleId, run.deps.clock.nowIso(), report);
  return report;
}

function reportOf(
  run: CycleRun,
  failure: SyncError | null,
  counts: Pick<SyncReport, 'pending' | 'rejected'>,
): SyncReport {
  return {
    ...run.report,
    ...counts,
    outcome: outcomeOf(failure),
    durationMs: Math.round(run.deps.clock.monotonicMs() - run.startedMs),
    error:
      failure === null
        ? null
        : { code: failure.code, message: failure.message, hint: failure.hint },
  };
}

function outcomeOf(failure: SyncError | null): SyncReport['outcome'] {
  if (failure === null) return 'success';
  return failure.code === 'transport_cancelled' ? 'cancelled' : 'failed';
}

function stateAfter(
  run: CycleRun,
  state: SlaveSyncState,
  failure: SyncError | null,
): Partial<SlaveSyncState> {
  const { clock } = run.deps;
  const at = clock.nowIso();
  if (failure === null) return { ...afterSuccess(), lastSyncedAt: at };
  const { code, message, hint } = failure;
  const trouble = troubleOf(code);
  const nextAttemptAt =
    trouble === null ? isoFromMs(clock.nowMs() + delayMs(run, state, failure)) : null;
  return {
    ...afterFailure(state.retryCount, { code, message, hint, at }, nextAttemptAt),
    trouble: trouble ?? state.trouble,
  };
}

function delayMs(run: CycleRun, state: SlaveSyncState, failure: SyncError): number {
  const { retryAfterMs, retryable } = failure;
  return backoffDelayMs({
    failures: state.retryCount + 1,
    intervalMs: run.deps.intervalMs,
    random: run.deps.random(),
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function logCycle(run: CycleRun, report: SyncReport, failure: SyncError | null): void {
  const { log } = run.deps;
  const fields = {
    outcome: report.outcome,
    durationMs: report.durationMs,
    uploaded: report.uploaded.records,
    conflicts: report.uploaded.conflicts,
    downloaded: report.downloaded.records,
    pending: report.pending,
    rejected: report.rejected,
    requests: report.requests,
  };
  if (failure === null || report.outcome === 'cancelled') log.info('sync cycle ended', fields);
  else log.warn('sync cycle failed', { ...fields, code: failure.code, error: failure.message });
}
