import {
  decimal,
  defineTable,
  integer,
  key,
  text,
  timestamp,
} from '../../common/core/table-definition.ts';
import type { Row } from '../../common/core/table-definition.ts';
import type { UploadResult } from '../../common/protocol/upload.ts';
import type { OutboxEntry, SlaveSyncState } from '../../common/storage/slave-store.ts';

/** A moment in tests. */
export const NOON = '2026-01-31T12:00:00.000Z';

/** A small table with every kind of column that syncing treats differently. */
export const goods = defineTable({
  name: 'goods',
  columns: {
    id: key(),
    sku: text({ unique: true }),
    name: text(),
    quantity: integer({ counter: true, default: 0 }),
    price: decimal(10, 2),
    updated_at: timestamp({ default: 'now', policy: 'greatest' }),
  },
});

/** A row of {@link goods}. */
export function aRow(overrides: Row = {}): Row {
  return {
    id: 'g1',
    sku: 's1',
    name: 'Tea',
    quantity: 10,
    price: '1.50',
    updated_at: NOON,
    ...overrides,
  };
}

/** An unsent update of a row's name. */
export function anEntry(overrides: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    operation: 1,
    table: 'goods',
    id: 'g1',
    action: 'update',
    columns: ['name'],
    after: { ok: true, row: aRow({ name: 'Coffee' }) },
    before: { ok: true, row: aRow() },
    deltas: {},
    counted: false,
    basePosition: 7,
    capturedAt: NOON,
    isVoid: false,
    attempts: 0,
    ...overrides,
  };
}

/** What a master says of one record. */
export function aResult(overrides: Partial<UploadResult> = {}): UploadResult {
  return { table: 'goods', id: 'g1', op: 1, status: 'applied', version: 100, ...overrides };
}

/** The state of a slave that has synced before. */
export function aState(overrides: Partial<SlaveSyncState> = {}): SlaveSyncState {
  return {
    incarnation: 'incarnation-1',
    pendingIncarnation: null,
    epoch: 'e1',
    cursor: 'e1.50',
    position: 50,
    nonce: 'n1',
    exchangeId: null,
    trouble: null,
    paused: false,
    lastSyncedAt: null,
    lastAttemptAt: null,
    nextAttemptAt: null,
    retryCount: 0,
    lastError: null,
    clockOffsetMs: null,
    batchLimit: 500,
    pageLimit: 1000,
    loading: null,
    progressCounter: 3,
    createdAt: NOON,
    updatedAt: NOON,
    ...overrides,
  };
}
