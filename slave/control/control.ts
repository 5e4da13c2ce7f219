import type { SyncReport } from '../../common/core/sync-report.ts';
import type { StoredError, TableCounts, Trouble } from '../../common/storage/slave-store.ts';
import type { DryRunReport } from '../sync/dry-run.ts';
import type { ProgressEvent } from '../sync/progress.ts';
import type { ResetReport, ResetVariant } from '../sync/reset.ts';

export type { DryRunReport, ProgressEvent, ResetReport, ResetVariant };

/** Everything that `sync:status` and screens show. Times are ISO; `null` means never or none. */
export interface SlaveStatus {
  readonly status: 'idle' | 'running' | 'success' | 'failed' | 'disabled';
  readonly slaveName: string;
  readonly masterUrl: string;
  readonly pendingRecords: number;
  readonly rejectedRecords: number;
  readonly openConflicts: number;
  readonly lastSyncedAt: string | null;
  readonly lastError: StoredError | null;
  readonly retryCount: number;
  readonly nextAttemptAt: string | null;
  readonly trouble: Trouble | null;
  readonly paused: boolean;
  readonly clockOffsetMs: number | null;
  readonly loading: {
    readonly rows: number;
    readonly totalRows: number;
    readonly startedAt: string;
  } | null;
  readonly tables: readonly TableCounts[];
  readonly daemon: { readonly pid: number; readonly startedAt: string } | null;
  readonly incarnation: string;
  readonly cursor: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a sync may be asked to do differently. */
export interface SyncRequest {
  /** Runs although disabled, backing off or failed; never skips a safety check. */
  readonly force: boolean;
  /** Another master than MASTER_URL, for this cycle. */
  readonly masterUrl?: string;
  /** Waits for a running cycle to end instead of refusing. */
  readonly wait?: boolean;
}

/** The one facade that CLI and workbench see; local and by way of the daemon's socket alike. */
export interface SlaveControl {
  /** Whether commands go to a running daemon. */
  readonly attached: boolean;
  /** The present status, read from the database. */
  status(): Promise<SlaveStatus>;
  /**
   * Runs one cycle to its end; the report says whether it failed, and why.
   *
   * @throws SyncError when no cycle could begin: `sync_already_running`, `sync_disabled`, `sync_backing_off`,
   * a named trouble, or what the database says.
   */
  sync(
    request: SyncRequest,
    onProgress: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<SyncReport>;
  /** What a sync would send and bring; sends and changes nothing. */
  dryRun(masterUrl: string | undefined, signal: AbortSignal): Promise<DryRunReport>;
  /** Resets as the variant says, after a backup where rows are at stake. */
  reset(variant: ResetVariant | 'auto', signal: AbortSignal): Promise<ResetReport>;
  /** Stops syncing until {@link resume}; survives restarts. */
  pause(): Promise<void>;
  /** Ends a pause. */
  resume(): Promise<void>;
  /** Ends the running cycle after its present step. */
  cancel(): Promise<void>;
  /** Lets go of the socket or the database. */
  close(): Promise<void>;
}
