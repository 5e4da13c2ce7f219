import type { SlaveSyncState, TableCounts } from '../../common/storage/slave-store.ts';
import type { SlaveStatus } from './control.ts';
import { projectStatus, type StatusFacts } from './project-status.ts';

/** State of a slave that has synced once; for tests. */
export function aState(overrides: Partial<SlaveSyncState> = {}): SlaveSyncState {
  return {
    incarnation: 'inc-1',
    pendingIncarnation: null,
    epoch: 'epoch-1',
    cursor: 'epoch-1.4',
    position: 4,
    nonce: null,
    exchangeId: null,
    trouble: null,
    paused: false,
    lastSyncedAt: '2026-01-01T00:00:00.000Z',
    lastAttemptAt: '2026-01-01T00:00:00.000Z',
    nextAttemptAt: null,
    retryCount: 0,
    lastError: null,
    clockOffsetMs: 0,
    batchLimit: 500,
    pageLimit: 1000,
    loading: null,
    progressCounter: 0,
    createdAt: '2025-12-31T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

/** Counts of one table; for tests. */
export function aTableCount(overrides: Partial<TableCounts> = {}): TableCounts {
  return {
    table: 'inventories',
    rows: 10,
    pending: 0,
    rejected: 0,
    openConflicts: 0,
    ...overrides,
  };
}

/** Facts of a slave at rest; for tests. */
export function someFacts(overrides: Partial<StatusFacts> = {}): StatusFacts {
  return {
    state: aState(),
    pendingRecords: 0,
    rejectedRecords: 0,
    tables: [aTableCount()],
    running: false,
    enabled: true,
    slaveName: 'shop-1',
    masterUrl: 'http://127.0.0.1:1',
    daemon: null,
    ...overrides,
  };
}

/** Status of a slave at rest; for tests. */
export function aStatus(overrides: Partial<SlaveStatus> = {}): SlaveStatus {
  return { ...projectStatus(someFacts()), ...overrides };
}
