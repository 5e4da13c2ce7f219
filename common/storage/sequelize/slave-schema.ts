import type { TableDefinition } from '../../core/table-definition.ts';
import {
  REPLACED_TABLE,
  sqliteCapture,
  type CaptureSink,
  keyText,
} from './dialects/sqlite-capture.ts';
import { SQLITE_NOW } from './dialects/sqlite-table.ts';

/** Version of the slave's own tables; a database with a greater one was made by a newer program. */
export const SLAVE_SCHEMA_VERSION = 1;

/**
 * The slave's own tables. Those that triggers write to have no rules that could fail, because a trigger's failure is
 * the application's.
 */
export const SLAVE_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS sync_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS sync_context (
    id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT, counting INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE IF NOT EXISTS sync_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL, pending_incarnation TEXT,
    epoch TEXT, cursor TEXT, position INTEGER NOT NULL DEFAULT 0,
    nonce TEXT, exchange_id TEXT, trouble TEXT, paused INTEGER NOT NULL DEFAULT 0,
    last_synced_at TEXT, last_attempt_at TEXT, next_attempt_at TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0, last_error TEXT, clock_offset_ms INTEGER,
    batch_limit INTEGER NOT NULL DEFAULT 500, page_limit INTEGER NOT NULL DEFAULT 1000,
    loading TEXT, progress_counter INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS sync_outbox (
    op INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT, row_id TEXT, action TEXT, columns TEXT, image TEXT, before TEXT, deltas TEXT,
    counted INTEGER DEFAULT 0, base_position INTEGER, captured_at TEXT,
    is_void INTEGER DEFAULT 0, attempts INTEGER DEFAULT 0)`,
  // Holds unsent changes only, so that counting them reads nothing else.
  `CREATE INDEX IF NOT EXISTS sync_outbox_row ON sync_outbox (table_name, row_id) WHERE is_void = 0`,
  `CREATE TABLE IF NOT EXISTS sync_sent (
    place INTEGER PRIMARY KEY AUTOINCREMENT, incarnation TEXT NOT NULL, op INTEGER NOT NULL, bytes INTEGER NOT NULL,
    table_name TEXT, row_id TEXT, action TEXT, columns TEXT, image TEXT, before TEXT, deltas TEXT,
    counted INTEGER, base_position INTEGER, captured_at TEXT)`,
  // Holds the sizes only, so that adding them up does not read the images.
  `CREATE INDEX IF NOT EXISTS sync_sent_bytes ON sync_sent (bytes)`,
  `CREATE TABLE IF NOT EXISTS sync_batch (
    id INTEGER PRIMARY KEY CHECK (id = 1), batch_id TEXT NOT NULL,
    first_op INTEGER NOT NULL, last_op INTEGER NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS sync_acknowledged (
    table_name TEXT NOT NULL, row_id TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (table_name, row_id)) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS sync_acknowledged_version ON sync_acknowledged (version)`,
  `CREATE TABLE IF NOT EXISTS sync_shadow (
    table_name TEXT NOT NULL, row_id TEXT NOT NULL, row TEXT, version INTEGER NOT NULL,
    PRIMARY KEY (table_name, row_id)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS sync_rejected (
    rejected_id INTEGER PRIMARY KEY AUTOINCREMENT, direction TEXT NOT NULL,
    table_name TEXT NOT NULL, row_id TEXT NOT NULL, action TEXT NOT NULL, columns TEXT NOT NULL,
    row TEXT, before TEXT, deltas TEXT NOT NULL, counted INTEGER NOT NULL,
    base_position INTEGER NOT NULL, captured_at TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
    attempts INTEGER NOT NULL, tried_at_progress INTEGER NOT NULL,
    first_rejected_at TEXT NOT NULL, last_rejected_at TEXT NOT NULL, operation INTEGER, version INTEGER)`,
  `CREATE INDEX IF NOT EXISTS sync_rejected_row ON sync_rejected (direction, table_name, row_id)`,
  `CREATE TABLE IF NOT EXISTS sync_cycles (
    cycle_id INTEGER PRIMARY KEY AUTOINCREMENT, started_at TEXT NOT NULL, ended_at TEXT, report TEXT)`,
  `CREATE TABLE IF NOT EXISTS sync_staged (
    page INTEGER PRIMARY KEY, text TEXT NOT NULL, rows INTEGER NOT NULL)`,
  REPLACED_TABLE,
];

const OUTBOX_COLUMNS =
  'table_name, row_id, action, columns, image, before, counted, base_position, captured_at';

/** Local changes go to the outbox, unless the applier has tagged the transaction as its own (design 3.1). */
const outboxSink: CaptureSink = {
  when: '(SELECT origin FROM sync_context) IS NULL',
  insert: (table, change, from) => `INSERT INTO sync_outbox (${OUTBOX_COLUMNS})
    SELECT '${table.name}', ${keyText(change.rowId)}, '${change.action}', ${change.columns}, ${change.image}, ${change.before},
      (SELECT counting FROM sync_context), (SELECT position FROM sync_state), ${SQLITE_NOW} ${from}`,
};

/**
 * `CREATE TRIGGER` statements that capture a table's local changes.
 *
 * @param uniqueKeys all column lists that no two rows share in this database.
 */
export function slaveTriggers(
  table: TableDefinition,
  uniqueKeys: readonly (readonly string[])[],
): readonly string[] {
  return sqliteCapture(table, outboxSink, uniqueKeys);
}
