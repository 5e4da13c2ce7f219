import type { LoggedChange } from '../core/change.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import type { Row } from '../core/table-definition.ts';

/**
 * The master's storage. Each method of {@link MasterWriteTx} and {@link MasterReadTx} works inside one
 * transaction; values are canonical wire values on both sides. Rule numbers are those of docs/sync-spec.md.
 */
export interface MasterStore {
  /**
   * Runs `work` in one write transaction and commits it. Deadlocks, serialisation failures and lost races for
   * a key are retried from the start, so `work` must not keep state between calls.
   *
   * @throws SyncError `storage_busy` after the last retry, `storage_full`, `storage_unavailable`.
   */
  write<T>(work: (tx: MasterWriteTx) => Promise<T>): Promise<T>;
  /** Runs `work` on one snapshot: all reads inside see the same moment (rule DOWN2). */
  read<T>(work: (tx: MasterReadTx) => Promise<T>): Promise<T>;
  /** Gives positions to what has become visible (rule POS1) and returns the newest mark. Cheap when nothing is new. */
  numberChanges(now: string, freshMark: boolean): Promise<Mark>;
  /** Answers when the database does. @throws SyncError `storage_unavailable`. */
  ping(): Promise<void>;
  /** Closes all connections; nothing may be asked afterwards. */
  close(): Promise<void>;
}

/** A place in the change log and the never decreasing time at which it was numbered. */
export interface Mark {
  readonly position: number;
  readonly numberedAt: string;
}

/** The state of one slave as the master knows it. */
export interface SlaveState {
  readonly name: string;
  readonly incarnation: string;
  /** Incarnations that were replaced, newest last. */
  readonly formerIncarnations: readonly string[];
  readonly lastOperation: number;
  readonly nonce: string;
  /** The exchange that obtained {@link nonce}, so that its repetition is told from a copy's. */
  readonly exchangeId: string;
  /** The nonce before, which that exchange presented. */
  readonly formerNonce: string;
  readonly acknowledgedPosition: number;
  readonly pending: number | null;
  readonly lastContactAt: string | null;
  readonly lastStatus: string | null;
  readonly lastMessage: string | null;
  readonly protocol: number | null;
  readonly programVersion: string | null;
  readonly clockOffsetMs: number | null;
  readonly createdAt: string;
}

/** A stored answer, so that a repetition gets the same one (rule ONCE2). */
export interface StoredBatch {
  readonly slave: string;
  readonly incarnation: string;
  readonly batchId: string;
  /** Null for batches of plain clients, which have no operation numbers. */
  readonly firstOperation: number | null;
  readonly lastOperation: number | null;
  /** Digest of all records, in order. */
  readonly contentHash: string;
  /** One digest per record, in order. */
  readonly recordHashes: readonly string[];
  /** Answer body as JSON text. */
  readonly answer: string;
  readonly createdAt: string;
}

/** One page position of a download. */
export interface LogPageRequest {
  /** Changes after this position. */
  readonly after: number;
  /** Most changes wanted; a known transaction is not cut unless it is longer than `hardLimit`. */
  readonly limit: number;
  readonly hardLimit: number;
}

/** One change of a log page with the row as it was after it (before it, for a delete). */
export interface LogEntry {
  readonly position: number;
  readonly table: string;
  readonly id: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly row: ImageResult;
  readonly origin: string;
  /** The origin must get it too, because the master changed the row on arrival (rule ECHO1). */
  readonly echo: boolean;
  readonly generation: number;
  readonly changedAt: string;
}

/** A page of the change log. */
export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** Position to go on after. */
  readonly position: number;
  readonly hasMore: boolean;
  /** The page may end inside a transaction; rows should not be shown before the next whole page (rule DOWN3). */
  readonly partial: boolean;
}

/** A row read from the database: canonical values, or why it cannot be carried exactly (P13). */
export type ImageResult =
  | { readonly ok: true; readonly row: Row }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly column: string;
      readonly detail: string;
    };

/** One row of a snapshot page. */
export interface SnapshotRow {
  readonly id: string;
  readonly row: ImageResult;
  readonly version: number;
}

/** What was recorded of a conflict (P18); becomes a row of `sync_conflicts`. */
export interface ConflictRecord {
  readonly id: string;
  readonly table: string;
  readonly recordId: string;
  readonly slave: string;
  readonly columns: readonly string[];
  readonly base: Row | null;
  readonly master: Row | null;
  readonly incoming: Row | null;
  readonly policy: string;
  readonly reason: string;
  readonly outcome: 'master' | 'incoming' | 'merged';
  readonly state: 'settled' | 'open';
  readonly at: string;
}

/** Reads on one snapshot. */
export interface MasterReadTx {
  /** Random name of this history; a cursor of another epoch is refused. */
  epoch(): Promise<string>;
  /** Key with which this master signs nonces, so that it knows its own. */
  nonceSecret(): Promise<string>;
  /** Newest position in the log, 0 when empty. */
  head(): Promise<number>;
  /** Oldest position still in the log minus one: cursors below it are expired. */
  purgedUpTo(): Promise<number>;
  /** The newest mark at or before a time; position 0 when there is none. */
  markAt(time: string): Promise<Mark>;
  /** The newest mark at or before a position. */
  markAtPosition(position: number): Promise<Mark>;
  /** Changes in position order, whole transactions (rule DOWN3), only of `tables`; other tables' changes are skipped but advance the position. */
  logPage(request: LogPageRequest, tables: readonly string[]): Promise<LogPage>;
  /** Rows of one table in binary key order after `after` (null: from the start), at most `limit`. */
  snapshotPage(table: string, after: string | null, limit: number): Promise<readonly SnapshotRow[]>;
  /** Present rows by id; missing ids are left out. */
  rows(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, ImageResult>>;
  /** Number of rows of a table; may be an estimate. */
  countRows(table: string): Promise<number>;
  /** State of one slave, null before its first contact. */
  slave(name: string): Promise<SlaveState | null>;
  /** States of all slaves, by name. */
  slaves(): Promise<readonly SlaveState[]>;
  /** Stored batch of this identity, by id. */
  batchById(slave: string, incarnation: string, batchId: string): Promise<StoredBatch | null>;
  /** Greatest operation number among an incarnation's stored batches, 0 when there are none. */
  lastStoredOperation(slave: string, incarnation: string): Promise<number>;
  /** Stored batches whose operations overlap the range, in order. */
  batchesCovering(
    slave: string,
    incarnation: string,
    first: number,
    last: number,
  ): Promise<readonly StoredBatch[]>;
}

/** What the log must know of a change beyond what the capture trigger sees. */
export interface ChangeNote {
  readonly table: string;
  readonly id: string;
  readonly changedAt: string;
  readonly echo: boolean;
  /** See {@link LoggedChange.countedAt}. */
  readonly countedAt: string | null;
  /** Each movement by itself, where the row moved more than once; else what the trigger saw stands. */
  readonly moves: LoggedChange['moves'] | null;
  /** What brought a deleted row back (see {@link LoggedChange.columns}); null for every other change. */
  readonly revivedColumns: readonly string[] | null;
  /** Whether the row is still the one it was, is gone, or was deleted and made anew (rule MERGE6). */
  readonly life: 'same' | 'ended' | 'anew';
}

/** One row to write. `row` is the whole row; `before` tells whether it is there already. */
export type RowWrite =
  | { readonly kind: 'insert'; readonly table: string; readonly id: string; readonly row: Row }
  | { readonly kind: 'update'; readonly table: string; readonly id: string; readonly row: Row }
  | { readonly kind: 'delete'; readonly table: string; readonly id: string };

/** A row the database did not take, with the code of the rule it broke. */
export interface WriteFailure {
  readonly table: string;
  readonly id: string;
  readonly code: ErrorCode;
  /** Safe text: names of columns and constraints, never values. */
  readonly detail: string;
}

/** Reads and writes of one upload, or of another change of the master's state. */
export interface MasterWriteTx extends MasterReadTx {
  /** Loads and locks a slave's state, in the order of commits (PostgreSQL: FOR UPDATE). */
  lockSlave(name: string): Promise<SlaveState | null>;
  /** Makes uploads with the same batch id of the same plain client take turns (rule PLAIN2). */
  lockBatch(slave: string, batchId: string): Promise<void>;
  /** Writes a slave's state, new or changed. */
  saveSlave(state: SlaveState): Promise<void>;
  /** Begins a new history: every cursor and every slave's knowledge of the old one is void (rule ID6). */
  renewEpoch(epoch: string): Promise<void>;
  /** Present rows by id, locked in key order; missing ids are left out. */
  lockRows(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, ImageResult>>;
  /** Changes of these rows after `after`, of every origin, in order; unnumbered ones too, as position Infinity. */
  changesSince(
    table: string,
    ids: readonly string[],
    after: number,
  ): Promise<ReadonlyMap<string, readonly LoggedChange[]>>;
  /** The row's last create or delete with the content at that time; null when it was never logged. */
  tombstones(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, Tombstone>>;
  /** The row as it was at a position; null when it was not there or is no longer known. */
  rowAt(table: string, id: string, position: number): Promise<Row | null>;
  /**
   * Writes rows set-based, parents first, deletes last and children first; what the database refuses is found by
   * bisection with savepoints and returned, the rest stands (P6). All writes are captured with `origin`.
   */
  applyWrites(writes: readonly RowWrite[], origin: WriteOrigin): Promise<readonly WriteFailure[]>;
  /** Adds what the trigger could not know to the log entries this transaction has written. */
  noteChanges(notes: readonly ChangeNote[]): Promise<void>;
  /** Inserts conflicts (captured and synced like any row). */
  recordConflicts(conflicts: readonly ConflictRecord[], origin: WriteOrigin): Promise<void>;
  /** Numbers everything visible including this transaction's changes; returns this transaction's last position per `table/id`. */
  numberOwnChanges(now: string): Promise<ReadonlyMap<string, number>>;
  /** Keeps an answer for repetitions (rule ONCE2); the oldest of the slave go. */
  storeBatch(batch: StoredBatch): Promise<void>;
}

/** The last deletion of a row. */
export interface Tombstone {
  readonly position: number;
  readonly generation: number;
  /** The row's last content, null when it cannot be read exactly. */
  readonly row: Row | null;
  readonly changedAt: string;
  readonly origin: string;
}

/** Whose change is being applied; written into the change log by the capture triggers. */
export interface WriteOrigin {
  /** Slave name; empty for the master itself. */
  readonly slave: string;
  /** Id of the batch, which the log keeps as the transaction's name. */
  readonly transaction: string;
}
