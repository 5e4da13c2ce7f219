import type { Action, Deltas } from '../core/change.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import type { SyncReport } from '../core/sync-report.ts';
import type { Row } from '../core/table-definition.ts';
import type { ImageResult, WriteFailure } from './master-store.ts';

/**
 * The slave's storage: the application's own SQLite database with our tables beside it. Everything that must
 * agree with the rows (cursor, outbox, history) is in the transaction of the rows (rule STATE1).
 */
export interface SlaveStore {
  /** One `BEGIN IMMEDIATE` transaction. @throws SyncError `storage_busy`, `storage_full`, `storage_unavailable`. */
  write<T>(work: (tx: SlaveWriteTx) => Promise<T>): Promise<T>;
  /** One snapshot. */
  read<T>(work: (tx: SlaveReadTx) => Promise<T>): Promise<T>;
  /** Tables, columns and capture triggers are as this program needs them. @throws SyncError `schema_mismatch`, `storage_not_migrated`. */
  checkSchema(): Promise<void>;
  /** Copies the database with `VACUUM INTO` into backups/, keeps the newest five, and returns the file's path. */
  backup(reason: string): Promise<string>;
  /** Closes all connections; nothing may be asked afterwards. */
  close(): Promise<void>;
}

/** Named states that need `sync:reset` before anything else may happen. */
export type Trouble = 'slave_forked' | 'slave_rewound' | 'epoch_changed' | 'cursor_expired';

/** Why the last attempt failed. */
export interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly at: string;
}

/** The one row of `sync_state`. Times are ISO with milliseconds and Z. */
export interface SlaveSyncState {
  readonly incarnation: string;
  /** Incarnation that an unfinished `enroll` asks for, written down before the first request (rule ID4); else null. */
  readonly pendingIncarnation: string | null;
  readonly epoch: string | null;
  /** Opaque; null before the first download. */
  readonly cursor: string | null;
  /** Position of the master's history that the rows show; base version of new changes. */
  readonly position: number;
  readonly nonce: string | null;
  /** Exchange that was begun and has no answer yet. */
  readonly exchangeId: string | null;
  readonly trouble: Trouble | null;
  readonly paused: boolean;
  readonly lastSyncedAt: string | null;
  readonly lastAttemptAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly retryCount: number;
  readonly lastError: StoredError | null;
  /** Master's clock minus ours, from the last exchange. */
  readonly clockOffsetMs: number | null;
  /** Adaptive sizes, records a request. */
  readonly batchLimit: number;
  readonly pageLimit: number;
  /**
   * A first load or resync is under way: rows loaded and rows expected. With `keepLocalOnly` (the master's history
   * was replaced) rows that only this database has are set aside as `row_only_here` instead of deleted.
   */
  readonly loading: {
    readonly rows: number;
    readonly totalRows: number;
    readonly startedAt: string;
    readonly resync: boolean;
    readonly keepLocalOnly: boolean;
  } | null;
  /** Raised whenever something arrived or was accepted, so that rejected rows are worth another try. */
  readonly progressCounter: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** One captured local change; its place in the outbox is its operation number. */
export interface OutboxEntry {
  readonly operation: number;
  readonly table: string;
  readonly id: string;
  readonly action: Action;
  /** Columns an update changed. */
  readonly columns: readonly string[];
  /** The row after the change; for a delete, before it. */
  readonly after: ImageResult;
  /** The row before an update; null for create and delete. */
  readonly before: ImageResult | null;
  readonly deltas: Deltas;
  /** Counters were counted (set), not moved. */
  readonly counted: boolean;
  readonly basePosition: number;
  readonly capturedAt: string;
  /** Keeps the series gapless for a change that was set aside; sent without content. */
  readonly isVoid: boolean;
  /** How often this content was rejected before; 0 for what capture wrote, carried by {@link SlaveWriteTx.enqueue}. */
  readonly attempts: number;
}

/** What {@link SlaveWriteTx.enqueue} takes: an entry whose images are known to be exact. */
export type NewOutboxEntry = Omit<OutboxEntry, 'operation' | 'isVoid' | 'after' | 'before'> & {
  /** The row after the change; for a delete, before it (as {@link OutboxEntry.after}). */
  readonly row: Row | null;
  readonly before: Row | null;
};

/** The batch that is on its way; written down before it is sent (rule ONCE1). */
export interface CurrentBatch {
  readonly batchId: string;
  readonly firstOperation: number;
  readonly lastOperation: number;
}

/** A change that was set aside (P6), or an incoming row that this database does not take. */
export interface RejectedChange {
  readonly rejectedId: number;
  /** `up`: ours, not taken by the master. `down`: the master's, not taken by this database. */
  readonly direction: 'up' | 'down';
  readonly table: string;
  readonly id: string;
  readonly action: Action;
  readonly columns: readonly string[];
  readonly row: Row | null;
  readonly before: Row | null;
  readonly deltas: Deltas;
  readonly counted: boolean;
  readonly basePosition: number;
  readonly capturedAt: string;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly attempts: number;
  /** {@link SlaveSyncState.progressCounter} at the last attempt. */
  readonly triedAtProgress: number;
  readonly firstRejectedAt: string;
  readonly lastRejectedAt: string;
  /** Operation it had, null for incoming rows. */
  readonly operation: number | null;
  /** Version of an incoming row. */
  readonly version: number | null;
}

/** Which set-aside changes are meant; conditions add up, and none means all. Oldest first. */
export interface RejectedFilter {
  readonly direction?: 'up' | 'down';
  readonly table?: string;
  /** Record ids (keys of rows). */
  readonly ids?: readonly string[];
  readonly rejectedIds?: readonly number[];
  /** Only those whose last attempt was at a smaller progress counter. */
  readonly triedBefore?: number;
  /** Only those with a greater `rejectedId`, for paging. */
  readonly after?: number;
  readonly limit?: number;
}

/** Counts per table for status and screens. */
export interface TableCounts {
  readonly table: string;
  readonly rows: number;
  readonly pending: number;
  readonly rejected: number;
  readonly openConflicts: number;
}

/** One finished or running cycle in the history. */
export interface StoredCycle {
  readonly cycleId: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly report: SyncReport | null;
}

/** A row to make true: the whole row, or null to delete it. */
export interface RowState {
  readonly table: string;
  readonly id: string;
  readonly row: Row | null;
}

/**
 * The master's newest known state of a row that shows unsent or rejected work on top of it. Kept only while there
 * is such work; `row` is null when the row is not at the master.
 */
export interface Shadow {
  readonly table: string;
  readonly id: string;
  readonly row: Row | null;
  /** Position of the newest change that `row` holds, 0 when unknown. */
  readonly version: number;
}

/** An own change that the master took; kept for a while, in case the master is restored from a backup (rule ID7). */
export interface SentChange {
  /** Place in the order of sending, over all incarnations. */
  readonly place: number;
  /** Incarnation under which it was sent; `entry.operation` is its number there. */
  readonly incarnation: string;
  readonly entry: OutboxEntry;
}

/** Reads on one snapshot. */
export interface SlaveReadTx {
  /** The one row of `sync_state`. */
  state(): Promise<SlaveSyncState>;
  /** Unsent changes, voids not counted. */
  pendingCount(): Promise<number>;
  /** Unsent changes by table and action, voids not counted. */
  pendingByTable(): Promise<
    readonly { readonly table: string; readonly action: Action; readonly count: number }[]
  >;
  /** Oldest entries after `after`, in order; stops before `maxBytes` of images unless the first alone is larger. */
  outbox(after: number, limit: number, maxBytes: number): Promise<readonly OutboxEntry[]>;
  /** Changes that the master took, at most `limit`, oldest first, after the place `after`. */
  sent(after: number, limit: number): Promise<readonly SentChange[]>;
  /** Unsent entries (voids not included) of the given rows, in order, keyed by id. */
  pendingOf(
    table: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, readonly OutboxEntry[]>>;
  /** The batch on its way; its entries must stay as they are until it is answered (rule ONCE1). */
  currentBatch(): Promise<CurrentBatch | null>;
  /** Versions of own changes that the master accepted beyond the cursor (rule ECHO2). */
  acknowledgedVersions(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Present rows by id; missing ids are left out. */
  rows(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, ImageResult>>;
  /** Shadows of rows; ids without one are left out. */
  shadows(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, Shadow>>;
  /** Ids of other rows that hold a value which `row` needs for itself in a unique column or unique key. */
  rowsInTheWay(table: string, row: Row): Promise<readonly string[]>;
  /** Rows in binary key order. */
  rowPage(
    table: string,
    after: string | null,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly row: ImageResult }[]>;
  /** Set-aside changes by ascending `rejectedId`. */
  rejected(filter?: RejectedFilter): Promise<readonly RejectedChange[]>;
  /** Number of changes that are set aside, both directions. */
  rejectedCount(): Promise<number>;
  /** Rows and what waits, per synced table. */
  tableCounts(): Promise<readonly TableCounts[]>;
  /** Newest cycles first. */
  cycles(limit: number): Promise<readonly StoredCycle[]>;
  /** Pages kept aside for the end of their transaction, in order (rule DOWN3). */
  stagedPages(): Promise<readonly { readonly page: number; readonly text: string }[]>;
  /** Rows in the pages kept aside. */
  stagedRows(): Promise<number>;
}

/** Writes of one step. All row writes are tagged, so that capture does not take them for local work (design 3.1). */
export interface SlaveWriteTx extends SlaveReadTx {
  /** Changes fields of the state; `updatedAt` follows. */
  patchState(patch: Partial<Omit<SlaveSyncState, 'createdAt'>>): Promise<void>;
  /** Writes down the batch that is on its way, or that none is (rule ONCE1). */
  saveBatch(batch: CurrentBatch | null): Promise<void>;
  /**
   * Keeps the entries up to an operation number as sent, but those in `refused` (operation numbers) and voids; before
   * {@link SlaveWriteTx.clearOutbox}. The oldest beyond a bound of number and bytes are forgotten.
   */
  keepSent(upTo: number, refused: readonly number[]): Promise<void>;
  /** Forgets all sent changes. */
  forgetSent(): Promise<void>;
  /** Puts sent changes back in front of all unsent ones; only before {@link SlaveWriteTx.renumberOutbox}. */
  resend(places: readonly number[]): Promise<void>;
  /** Removes entries up to an operation number, after their results were dealt with. */
  clearOutbox(upTo: number): Promise<void>;
  /** Turns an entry into a void (its content is in `rejected` then). */
  voidEntry(operation: number): Promise<void>;
  /** Removes entries, wherever they are in the series; only before {@link SlaveWriteTx.renumberOutbox}. */
  dropEntries(operations: readonly number[]): Promise<void>;
  /**
   * For a new epoch, whose positions have nothing to do with the old ones: sets the base position of all unsent and
   * all rejected `up` changes, and the version of all shadows, to `position`.
   */
  rebaseOutbox(position: number): Promise<void>;
  /** Appends an entry with the next operation number and returns that. */
  enqueue(entry: NewOutboxEntry): Promise<number>;
  /**
   * Makes rows true as a person's or program's own write would: untagged, captured into the outbox, with foreign
   * keys checked at the end. All or nothing.
   *
   * @throws SyncError `row_unique`, `row_foreign_key`, `row_not_null` or `row_constraint` when the database refuses.
   */
  writeCaptured(rows: readonly RowState[]): Promise<void>;
  /** Keeps or replaces the shadows of rows (see {@link SlaveReadTx.shadows}). */
  saveShadows(shadows: readonly Shadow[]): Promise<void>;
  /** Forgets shadows of rows that have neither unsent nor rejected `up` changes. */
  pruneShadows(): Promise<void>;
  /**
   * Makes rows true, set-based, with foreign keys off (the master is the authority) and capture tagged; what the
   * database refuses is found by bisection and returned, the rest stands.
   */
  applyRows(rows: readonly RowState[]): Promise<readonly WriteFailure[]>;
  /** Deletes rows of a key range that are not in `keep`; rows with unsent or rejected `up` changes stay. Returns how many. */
  deleteRange(
    table: string,
    after: string | null,
    upTo: string | null,
    keep: readonly string[],
  ): Promise<number>;
  /** Ids in a key range that are not in `keep` and do have unsent or rejected `up` changes, whether the row is there or not. */
  workInRange(
    table: string,
    after: string | null,
    upTo: string | null,
    keep: readonly string[],
  ): Promise<readonly string[]>;
  /** Ids in a key range that are not in `keep` and have no unsent or rejected `up` changes. */
  idsInRange(
    table: string,
    after: string | null,
    upTo: string | null,
    keep: readonly string[],
  ): Promise<readonly string[]>;
  /** Remembers versions of own accepted changes; a smaller one never replaces a greater one. */
  acknowledge(
    versions: readonly { readonly table: string; readonly id: string; readonly version: number }[],
  ): Promise<void>;
  /** Forgets acknowledged versions up to a position. */
  forgetAcknowledged(upTo: number): Promise<void>;
  /** Sets changes aside (rules REJ1, REJ2). */
  addRejected(changes: readonly Omit<RejectedChange, 'rejectedId'>[]): Promise<void>;
  /** Forgets changes that were set aside. */
  removeRejected(rejectedIds: readonly number[]): Promise<void>;
  /** Keeps a partial page aside. */
  stagePage(text: string, rows: number): Promise<void>;
  /** Forgets the pages kept aside. */
  clearStaged(): Promise<void>;
  /** Writes a running cycle into the history and returns its id. */
  beginCycle(startedAt: string): Promise<number>;
  /** Completes a cycle in the history. */
  endCycle(cycleId: number, endedAt: string, report: SyncReport): Promise<void>;
  /** New incarnation: the outbox is renumbered from 1 in order, without its voids; the next change follows the last. */
  renumberOutbox(): Promise<void>;
}
