import type { DialectName } from '../sql-database.ts';

/** Version of the master's own tables; a database with a higher one belongs to a newer program. */
export const MASTER_SCHEMA_VERSION = 1;

/** The master's own tables, made where they are missing. */
export function masterSchema(dialect: DialectName): readonly string[] {
  return dialect === 'sqlite' ? SQLITE : POSTGRES;
}

const SLAVES = `CREATE TABLE IF NOT EXISTS sync_slaves (
  name TEXT PRIMARY KEY, incarnation TEXT NOT NULL, former_incarnations TEXT NOT NULL,
  last_operation BIGINT NOT NULL, nonce TEXT NOT NULL, exchange_id TEXT NOT NULL, former_nonce TEXT NOT NULL,
  acknowledged_position BIGINT NOT NULL, pending BIGINT, last_contact_at TEXT, last_status TEXT, last_message TEXT,
  protocol INTEGER, program_version TEXT, clock_offset_ms BIGINT, created_at TEXT NOT NULL)`;

const BATCHES = `CREATE TABLE IF NOT EXISTS sync_batches (
  slave TEXT NOT NULL, incarnation TEXT NOT NULL, batch_id TEXT NOT NULL,
  first_operation BIGINT, last_operation BIGINT, content_hash TEXT NOT NULL, record_hashes TEXT NOT NULL,
  answer TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (slave, incarnation, batch_id))`;

const TOKENS = `CREATE TABLE IF NOT EXISTS sync_tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, revoked_at TEXT)`;

const MARKS = `CREATE TABLE IF NOT EXISTS sync_marks (numbered_at TEXT PRIMARY KEY, position BIGINT NOT NULL)`;

const COMMON = [
  'CREATE TABLE IF NOT EXISTS sync_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)',
  SLAVES,
  BATCHES,
  'CREATE INDEX IF NOT EXISTS sync_batches_operations ON sync_batches (slave, incarnation, last_operation)',
  TOKENS,
  MARKS,
  'CREATE INDEX IF NOT EXISTS sync_marks_position ON sync_marks (position, numbered_at)',
];

const SQLITE = [
  ...COMMON,
  `CREATE TABLE IF NOT EXISTS sync_context (
    id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL DEFAULT '', transaction_id TEXT,
    counting INTEGER NOT NULL DEFAULT 0)`,
  'INSERT OR IGNORE INTO sync_context (id) VALUES (1)',
  `CREATE TABLE IF NOT EXISTS sync_changes (
    position INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL, row_id TEXT NOT NULL,
    action TEXT NOT NULL, columns TEXT NOT NULL, image TEXT NOT NULL, moves TEXT, counted_at TEXT,
    generation INTEGER NOT NULL, origin TEXT NOT NULL, transaction_id TEXT, echo INTEGER NOT NULL DEFAULT 0,
    changed_at TEXT NOT NULL)`,
  'CREATE INDEX IF NOT EXISTS sync_changes_row ON sync_changes (table_name, row_id, position)',
];

const POSTGRES = [
  ...COMMON,
  'CREATE TABLE IF NOT EXISTS sync_head (id INTEGER PRIMARY KEY CHECK (id = 1), position BIGINT NOT NULL, numbered BIGINT NOT NULL)',
  'INSERT INTO sync_head (id, position, numbered) VALUES (1, 0, 0) ON CONFLICT DO NOTHING',
  `CREATE TABLE IF NOT EXISTS sync_changes (
    id BIGSERIAL PRIMARY KEY, position BIGINT UNIQUE, table_name TEXT NOT NULL, row_id TEXT COLLATE "C" NOT NULL,
    action TEXT NOT NULL, columns TEXT NOT NULL, image TEXT NOT NULL, moves TEXT, counted_at TEXT,
    generation INTEGER NOT NULL, origin TEXT NOT NULL, transaction_id TEXT NOT NULL, echo INTEGER NOT NULL DEFAULT 0,
    changed_at TEXT NOT NULL)`,
  'CREATE INDEX IF NOT EXISTS sync_changes_row ON sync_changes (table_name, row_id, position, id)',
  'CREATE INDEX IF NOT EXISTS sync_changes_unnumbered ON sync_changes (id) WHERE position IS NULL',
];
