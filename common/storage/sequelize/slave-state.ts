import { SyncError } from '../../core/sync-error.ts';
import type { SlaveSyncState, StoredError, Trouble } from '../slave-store.ts';
import type { SqlRunner } from './sql-database.ts';

type StateRow = Readonly<Record<string, string | number | null>>;
type Patch = Partial<Omit<SlaveSyncState, 'createdAt'>>;

/** Column of `sync_state` for each field. */
const COLUMNS: Readonly<Record<keyof SlaveSyncState, string>> = {
  incarnation: 'incarnation',
  pendingIncarnation: 'pending_incarnation',
  epoch: 'epoch',
  cursor: 'cursor',
  position: 'position',
  nonce: 'nonce',
  exchangeId: 'exchange_id',
  trouble: 'trouble',
  paused: 'paused',
  lastSyncedAt: 'last_synced_at',
  lastAttemptAt: 'last_attempt_at',
  nextAttemptAt: 'next_attempt_at',
  retryCount: 'retry_count',
  lastError: 'last_error',
  clockOffsetMs: 'clock_offset_ms',
  batchLimit: 'batch_limit',
  pageLimit: 'page_limit',
  loading: 'loading',
  progressCounter: 'progress_counter',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
};

/**
 * Reads the one row of `sync_state`.
 *
 * @throws SyncError `storage_not_migrated` when it is missing.
 */
export async function readState(sql: SqlRunner): Promise<SlaveSyncState> {
  const [row] = await sql.all<StateRow>('SELECT * FROM sync_state');
  if (row === undefined) {
    throw new SyncError('storage_not_migrated', 'the table sync_state is empty; run db:migrate');
  }
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  const number = (name: string): number => Number(row[name] ?? 0);
  return {
    incarnation: text('incarnation') ?? '',
    pendingIncarnation: text('pending_incarnation'),
    epoch: text('epoch'),
    cursor: text('cursor'),
    position: number('position'),
    nonce: text('nonce'),
    exchangeId: text('exchange_id'),
    trouble: text('trouble') as Trouble | null,
    paused: number('paused') === 1,
    lastSyncedAt: text('last_synced_at'),
    lastAttemptAt: text('last_attempt_at'),
    nextAttemptAt: text('next_attempt_at'),
    retryCount: number('retry_count'),
    lastError: parsed<StoredError>(text('last_error')),
    clockOffsetMs: row['clock_offset_ms'] === null ? null : number('clock_offset_ms'),
    batchLimit: number('batch_limit'),
    pageLimit: number('page_limit'),
    loading: parsed<NonNullable<SlaveSyncState['loading']>>(text('loading')),
    progressCounter: number('progress_counter'),
    createdAt: text('created_at') ?? '',
    updatedAt: text('updated_at') ?? '',
  };
}

/** Changes the named fields of `sync_state`; `updatedAt` becomes `nowIso` unless the patch names it. */
export async function patchState(sql: SqlRunner, patch: Patch, nowIso: string): Promise<void> {
  const entries = Object.entries({ updatedAt: nowIso, ...patch }).filter(
    ([, value]) => value !== undefined,
  );
  const assignments = entries.map(
    ([field], index) => `${COLUMNS[field as keyof SlaveSyncState]} = $${index + 1}`,
  );
  await sql.run(
    `UPDATE sync_state SET ${assignments.join(', ')}`,
    entries.map(([, value]) => stored(value)),
  );
}

function stored(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

function parsed<T>(text: string | null): T | null {
  // Written by patchState only, so the form is known.
  return text === null ? null : (JSON.parse(text) as T);
}
