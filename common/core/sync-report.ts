import type { ErrorCode } from './error-codes.ts';

/** What one sync cycle did: for history, log, `--json` and screens. */
export interface SyncReport {
  readonly outcome: 'success' | 'failed' | 'cancelled';
  readonly durationMs: number;
  readonly uploaded: UploadCounts;
  readonly downloaded: DownloadCounts;
  /** Bytes of bodies, as sent and received. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly requests: number;
  /** Unsent changes that remain. */
  readonly pending: number;
  /** Changes that are set aside. */
  readonly rejected: number;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string;
  } | null;
}

/** Records that went up, by what became of them. */
export interface UploadCounts {
  readonly records: number;
  readonly applied: number;
  readonly merged: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly rejected: number;
}

/** Records that came down. */
export interface DownloadCounts {
  readonly records: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly rejected: number;
}

/** A report in which nothing has happened yet. */
export const emptyReport: SyncReport = {
  outcome: 'success',
  durationMs: 0,
  uploaded: { records: 0, applied: 0, merged: 0, duplicates: 0, conflicts: 0, rejected: 0 },
  downloaded: { records: 0, created: 0, updated: 0, deleted: 0, rejected: 0 },
  bytesSent: 0,
  bytesReceived: 0,
  requests: 0,
  pending: 0,
  rejected: 0,
  error: null,
};
