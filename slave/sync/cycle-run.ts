import { SyncError } from '../../common/core/sync-error.ts';
import {
  emptyReport,
  type DownloadCounts,
  type SyncReport,
  type UploadCounts,
} from '../../common/core/sync-report.ts';
import type { AnswerMeta } from '../transport/master-client.ts';
import type { ProgressEvent } from './progress.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** What whoever starts a cycle gives along. */
export interface CycleOptions {
  readonly onProgress: (event: ProgressEvent) => void;
  /** Stops the cycle after the step it is in; the state stays whole. */
  readonly signal: AbortSignal;
}

/** One cycle while it runs: the only thing that its steps share beside the database. */
export interface CycleRun extends CycleOptions {
  readonly deps: SlaveDeps;
  readonly startedMs: number;
  /** Place in the history; null until it is written there. */
  cycleId: number | null;
  report: SyncReport;
}

/** A cycle in which nothing has happened yet. */
export function newRun(deps: SlaveDeps, options: CycleOptions): CycleRun {
  const { onProgress, signal } = options;
  return {
    deps,
    onProgress,
    signal,
    startedMs: deps.clock.monotonicMs(),
    cycleId: null,
    report: emptyReport,
  };
}

/** Ends the cycle where it is when someone asked for that. @throws SyncError `transport_cancelled`. */
export function throwIfCancelled(run: Pick<CycleRun, 'signal'>): void {
  if (run.signal.aborted)
    throw new SyncError('transport_cancelled', 'the sync was stopped before it ended');
}

/** Counts one answered request. */
export function countRequest(run: CycleRun, meta: AnswerMeta): void {
  run.report = {
    ...run.report,
    requests: run.report.requests + 1,
    bytesSent: run.report.bytesSent + meta.bytesSent,
    bytesReceived: run.report.bytesReceived + meta.bytesReceived,
  };
}

/** Adds what became of a batch. */
export function countUploaded(run: CycleRun, counts: UploadCounts): void {
  run.report = { ...run.report, uploaded: added(run.report.uploaded, counts) };
}

/** Adds what came with a page. */
export function countDownloaded(run: CycleRun, counts: DownloadCounts): void {
  run.report = { ...run.report, downloaded: added(run.report.downloaded, counts) };
}

function added<T extends { readonly [K in keyof T]: number }>(a: T, b: T): T {
  const sums = Object.entries<number>(a).map(([name, value]) => [
    name,
    value + (b[name as keyof T] ?? 0),
  ]);
  return Object.fromEntries(sums) as T;
}
