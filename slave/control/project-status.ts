import type { SlaveSyncState, TableCounts } from '../../common/storage/slave-store.ts';
import type { SlaveStatus } from './control.ts';

/** Everything that a status is made of, read at one moment. */
export interface StatusFacts {
  readonly state: SlaveSyncState;
  readonly pendingRecords: number;
  readonly rejectedRecords: number;
  readonly tables: readonly TableCounts[];
  /** A cycle runs now, in this process or another. */
  readonly running: boolean;
  /** `SYNC_ENABLED`. */
  readonly enabled: boolean;
  readonly slaveName: string;
  /** Empty where none is set. */
  readonly masterUrl: string;
  readonly daemon: SlaveStatus['daemon'];
}

/** Makes the status that people and other programs see out of the facts. Pure; promise P14. */
export function projectStatus(facts: StatusFacts): SlaveStatus {
  const { state } = facts;
  return {
    status: statusWord(facts),
    slaveName: facts.slaveName,
    masterUrl: facts.masterUrl,
    pendingRecords: facts.pendingRecords,
    rejectedRecords: facts.rejectedRecords,
    openConflicts: facts.tables.reduce((sum, table) => sum + table.openConflicts, 0),
    lastSyncedAt: state.lastSyncedAt,
    lastError: state.lastError,
    retryCount: state.retryCount,
    nextAttemptAt: state.nextAttemptAt,
    trouble: state.trouble,
    paused: state.paused,
    clockOffsetMs: state.clockOffsetMs,
    loading: loadingOf(state),
    tables: facts.tables,
    daemon: facts.daemon,
    incarnation: state.incarnation,
    cursor: state.cursor,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
  };
}

/** `success` only while the last attempt succeeded and nothing is waiting to be sent. */
function statusWord({
  state,
  running,
  enabled,
  pendingRecords,
}: StatusFacts): SlaveStatus['status'] {
  if (running) return 'running';
  if (!enabled || state.paused) return 'disabled';
  if (state.trouble !== null || state.lastError !== null) return 'failed';
  const isDone = state.lastSyncedAt !== null && state.loading === null && pendingRecords === 0;
  return isDone ? 'success' : 'idle';
}

function loadingOf({ loading }: SlaveSyncState): SlaveStatus['loading'] {
  if (loading === null) return null;
  return { rows: loading.rows, totalRows: loading.totalRows, startedAt: loading.startedAt };
}
