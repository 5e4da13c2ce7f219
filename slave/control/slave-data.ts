import type { ConflictDecision } from '../../common/core/decide-conflict.ts';
import type { ConflictFilter, ShownConflict } from '../../common/core/find-conflicts.ts';
import type { Conflict } from '../../common/core/read-conflict.ts';
import type { RejectedChange, RejectedFilter } from '../../common/storage/slave-store.ts';
import { listConflicts, resolveConflict, showConflict } from '../sync/conflicts.ts';
import {
  discardRejectedChanges,
  listRejected,
  retryRejectedChanges,
  type RejectedOutcome,
  type RejectedSelection,
} from '../sync/rejected.ts';
import type { SlaveDeps } from '../sync/slave-deps.ts';
import { verifyWithMaster, type TableVerdict, type VerifyReport } from '../sync/verify.ts';

export type { Conflict, ConflictDecision, ConflictFilter, ShownConflict };
export type { RejectedChange, RejectedFilter, RejectedOutcome, RejectedSelection };
export type { TableVerdict, VerifyReport };

/**
 * What people look at and decide: conflicts, set-aside changes, comparison with the master. Works on the database in
 * this process, beside a running daemon too; each call is one transaction.
 */
export interface SlaveData {
  /** Newest first. */
  conflicts(filter: ConflictFilter): Promise<readonly Conflict[]>;
  /** @throws SyncError `data_not_found`. */
  conflict(id: string): Promise<ShownConflict>;
  /** Decides a conflict by an ordinary local change; `by` is who decided. @throws as `resolveConflict` says. */
  resolve(id: string, decision: ConflictDecision, by: string): Promise<ShownConflict>;
  /** Oldest first. */
  rejected(filter: RejectedFilter): Promise<readonly RejectedChange[]>;
  /** @throws SyncError `data_not_found`, `sync_refused` while a batch is on its way. */
  retry(selection: RejectedSelection): Promise<RejectedOutcome>;
  /** @throws SyncError `data_not_found`. */
  discard(selection: RejectedSelection): Promise<RejectedOutcome>;
  /** Compares all rows with the master by digest. */
  verify(signal: AbortSignal): Promise<VerifyReport>;
}

/** Binds the use cases to what they work with. */
export function createSlaveData(deps: SlaveDeps): SlaveData {
  return {
    conflicts: (filter) => listConflicts(deps, filter),
    conflict: (id) => showConflict(deps, id),
    resolve: (id, decision, by) => resolveConflict(deps, id, decision, by),
    rejected: (filter) => listRejected(deps, filter),
    retry: (selection) => retryRejectedChanges(deps, selection),
    discard: (selection) => discardRejectedChanges(deps, selection),
    verify: (signal) => verifyWithMaster(deps, signal),
  };
}
