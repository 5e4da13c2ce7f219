import type { Clock } from '../../core/clock.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { SlaveReadTx, SlaveStore, SlaveWriteTx } from '../slave-store.ts';
import { verifySlaveSchema } from './migrations/migrate-slave.ts';
import { applyRows, deleteRange } from './slave-apply.ts';
import { backupDatabase } from './slave-backup.ts';
import { writeCaptured } from './slave-captured.ts';
import { slaveTxContext, tableOf, type SlaveTxContext } from './slave-context.ts';
import * as history from './slave-history.ts';
import * as outbox from './slave-outbox.ts';
import * as rejected from './slave-rejected.ts';
import { idsInRange, rowPage, rowsById, rowsInTheWay, workInRange } from './slave-rows.ts';
import * as sent from './slave-sent.ts';
import * as shadows from './slave-shadows.ts';
import { patchState, readState } from './slave-state.ts';
import type { SqlDatabase } from './sql-database.ts';

/** What the slave's store needs beside its open database. */
export interface SlaveStoreOptions {
  /** Path of the SQLite file that `database` has open. */
  readonly databaseFile: string;
  readonly backupsDir: string;
  readonly clock: Clock;
}

/**
 * The slave's storage on a SQLite file that `migrateSlave` has prepared.
 *
 * @param database opened with foreign keys off (`openDatabase`); closed with the store.
 */
export function createSlaveStore(
  database: SqlDatabase,
  tables: TableRegistry,
  options: SlaveStoreOptions,
): SlaveStore {
  const { clock, databaseFile, backupsDir } = options;
  return {
    write: (work) => database.write((sql) => work(writeTx(slaveTxContext(sql, tables, clock)))),
    read: (work) => database.read((sql) => work(readTx(slaveTxContext(sql, tables, clock)))),
    checkSchema: () => verifySlaveSchema(database, tables),
    backup: (reason) =>
      backupDatabase({ databaseFile, backupsDir, reason, nowIso: clock.nowIso() }),
    close: () => database.close(),
  };
}

function readTx(context: SlaveTxContext): SlaveReadTx {
  const { sql, tables } = context;
  return {
    state: () => readState(sql),
    pendingCount: () => outbox.pendingCount(sql),
    pendingByTable: () => outbox.pendingByTable(sql),
    outbox: (after, limit, maxBytes) => outbox.readOutbox(context, after, limit, maxBytes),
    sent: (after, limit) => sent.readSent(context, after, limit),
    pendingOf: (table, ids) => outbox.pendingOf(context, table, ids),
    currentBatch: () => outbox.currentBatch(sql),
    acknowledgedVersions: (table, ids) => shadows.acknowledgedVersions(sql, table, ids),
    rows: (table, ids) => rowsById(context, table, ids),
    shadows: (table, ids) => shadows.readShadows(context, table, ids),
    rowsInTheWay: (table, row) => rowsInTheWay(context, table, row),
    rowPage: (table, after, limit) => rowPage(context, table, after, limit),
    rejected: (filter) => rejected.readRejected(sql, filter),
    rejectedCount: () => rejected.rejectedCount(sql),
    tableCounts: () => history.tableCounts(sql, tables),
    cycles: (limit) => history.readCycles(sql, limit),
    stagedPages: () => history.stagedPages(sql),
    stagedRows: () => history.stagedRows(sql),
  };
}

function writeTx(context: SlaveTxContext): SlaveWriteTx {
  const { sql, clock } = context;
  const rangeOf = (name: string, after: string | null, upTo: string | null) => ({
    table: tableOf(context, name).name,
    after,
    upTo,
  });
  return {
    ...readTx(context),
    patchState: (patch) => patchState(sql, patch, clock.nowIso()),
    saveBatch: (batch) => outbox.saveBatch(sql, batch),
    keepSent: (upTo, refused) => sent.keepSent(sql, upTo, refused),
    forgetSent: () => sent.forgetSent(sql),
    resend: (places) => sent.resend(sql, places),
    clearOutbox: (upTo) => outbox.clearOutbox(sql, upTo),
    voidEntry: (operation) => outbox.voidEntry(sql, operation),
    dropEntries: (operations) => outbox.dropEntries(sql, operations),
    rebaseOutbox: (position) => outbox.rebaseOutbox(sql, position),
    enqueue: (entry) => outbox.enqueue(sql, entry),
    writeCaptured: (rows) => writeCaptured(context, rows),
    saveShadows: (kept) => shadows.saveShadows(sql, kept),
    pruneShadows: () => shadows.pruneShadows(sql),
    applyRows: (rows) => applyRows(context, rows),
    deleteRange: async (table, after, upTo, keep) =>
      deleteRange(context, rangeOf(table, after, upTo), keep),
    idsInRange: async (table, after, upTo, keep) =>
      idsInRange(sql, rangeOf(table, after, upTo), keep),
    workInRange: async (table, after, upTo, keep) =>
      workInRange(sql, rangeOf(table, after, upTo), keep),
    acknowledge: (versions) => shadows.acknowledge(sql, versions),
    forgetAcknowledged: (upTo) => shadows.forgetAcknowledged(sql, upTo),
    addRejected: (changes) => rejected.addRejected(sql, changes),
    removeRejected: (ids) => rejected.removeRejected(sql, ids),
    stagePage: (text, rows) => history.stagePage(sql, text, rows),
    clearStaged: () => history.clearStaged(sql),
    beginCycle: (startedAt) => history.beginCycle(sql, startedAt),
    endCycle: (cycleId, endedAt, report) => history.endCycle(sql, cycleId, endedAt, report),
    renumberOutbox: () => outbox.renumberOutbox(sql),
  };
}
