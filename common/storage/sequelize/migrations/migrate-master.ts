import type { TableRegistry } from '../../../core/table-registry.ts';
import type { TableDefinition } from '../../../core/table-definition.ts';
import { SyncError } from '../../../core/sync-error.ts';
import { postgresCapture, postgresTriggerNames } from '../dialects/postgres-capture.ts';
import { columnDdl as postgresColumn, postgresTable } from '../dialects/postgres-table.ts';
import { REPLACED_TABLE, TRIGGER_PREFIX } from '../dialects/sqlite-capture.ts';
import { sqliteMasterCapture } from '../dialects/sqlite-master-capture.ts';
import { columnDdl as sqliteColumn, sqliteTable, SQLITE_NOW } from '../dialects/sqlite-table.ts';
import { quote } from '../dialects/table-sql.ts';
import type { SqlDatabase, SqlRunner } from '../sql-database.ts';
import { MASTER_SCHEMA_VERSION, masterSchema } from './master-schema.ts';

/** What a migration did. */
export interface MigrationReport {
  /** Tables that were made. */
  readonly created: readonly string[];
  /** Tables that another application had made and filled, with the number of rows now offered for sync. */
  readonly adopted: readonly { readonly table: string; readonly rows: number }[];
  /** Columns that were added, as `table.column`. */
  readonly changed: readonly string[];
}

/** What is needed to prepare a database beside the database itself. */
export interface MigrationContext {
  readonly nowIso: string;
  readonly randomId: () => string;
}

/**
 * Prepares a master's database, or brings it up to date: one transaction, repeatable, every row kept. Tables that
 * exist already get capture, and their rows a place in the change log.
 *
 * @throws SyncError `schema_mismatch` naming table and column, `storage_not_migrated` for a newer database.
 */
export async function migrateMaster(
  database: SqlDatabase,
  tables: TableRegistry,
  context: MigrationContext,
): Promise<MigrationReport> {
  return database.write(async (sql) => {
    // Two programs that start at once must not prepare the same database at the same time.
    if (sql.dialect === 'postgres') await sql.run('SELECT pg_advisory_xact_lock(7203114)');
    for (const statement of masterSchema(sql.dialect)) await sql.run(statement);
    await checkVersion(sql);
    if (sql.dialect === 'sqlite') await sql.run(REPLACED_TABLE);
    const created: string[] = [];
    const adopted: { table: string; rows: number }[] = [];
    const changed: string[] = [];
    for (const table of tables.tables) {
      const present = await presentColumns(sql, table.name);
      if (present.size === 0) {
        for (const statement of tableSql(sql).createTable(table)) await sql.run(statement);
        created.push(table.name);
      } else {
        changed.push(...(await addColumns(sql, table, present)));
      }
      await installCapture(sql, table);
      const rows = await logUnlogged(sql, table);
      if (rows > 0) adopted.push({ table: table.name, rows });
    }
    await seedMeta(sql, context);
    return { created, adopted, changed };
  });
}

/**
 * Checks that a database is prepared for this program: version, columns, capture triggers.
 *
 * @throws SyncError `storage_not_migrated`, `schema_mismatch`.
 */
export async function verifyMasterSchema(database: SqlDatabase, tables: TableRegistry): Promise<void> {
  await database.read(async (sql) => {
    const meta = await presentColumns(sql, 'sync_meta');
    if (meta.size === 0) throw new SyncError('storage_not_migrated', 'the database has not been prepared');
    await checkVersion(sql);
    const triggers = await presentTriggers(sql);
    for (const table of tables.tables) {
      const present = await presentColumns(sql, table.name);
      const missing = table.columns.find((column) => !present.has(column.name));
      if (missing !== undefined) {
        throw new SyncError('schema_mismatch', `table ${table.name} has no column ${missing.name}`);
      }
      const lost = triggerNames(sql, table).find((name) => !triggers.has(name));
      if (lost !== undefined) {
        throw new SyncError('schema_mismatch', `table ${table.name} has lost its trigger ${lost}`);
      }
    }
  });
}

function tableSql(sql: SqlRunner) {
  return sql.dialect === 'sqlite' ? sqliteTable : postgresTable;
}

async function checkVersion(sql: SqlRunner): Promise<void> {
  const [row] = await sql.all<{ value: string }>("SELECT value FROM sync_meta WHERE key = 'schema_version'");
  if (row !== undefined && Number(row.value) > MASTER_SCHEMA_VERSION) {
    throw new SyncError(
      'storage_not_migrated',
      `the database has schema version ${row.value}, this program knows ${MASTER_SCHEMA_VERSION}; upgrade the program`,
    );
  }
}

async function seedMeta(sql: SqlRunner, context: MigrationContext): Promise<void> {
  const entries = [
    ['schema_version', String(MASTER_SCHEMA_VERSION)],
    ['epoch', context.randomId()],
    ['nonce_secret', context.randomId()],
    ['purged_up_to', '0'],
  ];
  for (const entry of entries) {
    await sql.run('INSERT INTO sync_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING', entry);
  }
  await sql.run(
    'INSERT INTO sync_marks (numbered_at, position) SELECT $1, 0 WHERE NOT EXISTS (SELECT 1 FROM sync_marks)',
    [context.nowIso],
  );
}

async function presentColumns(sql: SqlRunner, table: string): Promise<ReadonlySet<string>> {
  const rows =
    sql.dialect === 'sqlite'
      ? await sql.all<{ name: string }>('SELECT name FROM pragma_table_info($1)', [table])
      : await sql.all<{ name: string }>(
          'SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND table_schema = ANY (current_schemas(false))',
          [table],
        );
  return new Set(rows.map((row) => row.name));
}

async function addColumns(
  sql: SqlRunner,
  table: TableDefinition,
  present: ReadonlySet<string>,
): Promise<readonly string[]> {
  const missing = table.columns.filter((column) => !present.has(column.name));
  for (const column of missing) {
    const canAdd = column.nullable === true || column.default !== undefined;
    if (column.name === 'id' || !canAdd) {
      throw new SyncError(
        'schema_mismatch',
        `table ${table.name} has no column ${column.name}, and it cannot be added because it needs a value in every row`,
      );
    }
    await addColumn(sql, table, column);
  }
  return missing.map((column) => `${table.name}.${column.name}`);
}

async function addColumn(
  sql: SqlRunner,
  table: TableDefinition,
  column: TableDefinition['columns'][number],
): Promise<void> {
  const name = quote(table.name);
  if (sql.dialect === 'postgres') {
    await sql.run(`ALTER TABLE ${name} ADD COLUMN ${postgresColumn(column)}`);
    return;
  }
  // SQLite adds neither unique columns nor ones whose default is an expression; such a column starts out empty.
  const { default: fallback, unique: _unique, ...rest } = column;
  const isExpression = fallback === 'now';
  const plain = isExpression || fallback === undefined ? { ...rest, nullable: true } : { ...rest, default: fallback };
  await sql.run(`ALTER TABLE ${name} ADD COLUMN ${sqliteColumn(plain)}`);
  if (isExpression) await sql.run(`UPDATE ${name} SET ${quote(column.name)} = ${SQLITE_NOW}`);
}

async function installCapture(sql: SqlRunner, table: TableDefinition): Promise<void> {
  if (sql.dialect === 'postgres') {
    for (const statement of postgresCapture(table)) await sql.run(statement);
    return;
  }
  const present = await sql.all<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 AND name LIKE $2",
    [table.name, `${TRIGGER_PREFIX}%`],
  );
  const wanted = sqliteMasterCapture(table);
  const kept = new Set(wanted.filter((statement) => present.some((trigger) => trigger.sql === statement)));
  for (const trigger of present) {
    if (!kept.has(trigger.sql)) await sql.run(`DROP TRIGGER ${quote(trigger.name)}`);
  }
  for (const statement of wanted) if (!kept.has(statement)) await sql.run(statement);
}

/** Rows that were there before capture get a place in the change log, as if they were made now. */
async function logUnlogged(sql: SqlRunner, table: TableDefinition): Promise<number> {
  const missing = `NOT EXISTS (SELECT 1 FROM sync_changes c WHERE c.table_name = '${table.name}' AND c.row_id = t.id)`;
  const [count] = await sql.all<{ n: number }>(`SELECT count(*) AS n FROM ${quote(table.name)} t WHERE ${missing}`);
  const rows = Number(count?.n ?? 0);
  if (rows === 0) return 0;
  const shared =
    sql.dialect === 'sqlite'
      ? { now: SQLITE_NOW, transaction: 'NULL' }
      : {
          now: `to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
          transaction: 'pg_current_xact_id()::text',
        };
  await sql.run(`INSERT INTO sync_changes (table_name, row_id, action, columns, image, generation, origin, transaction_id, changed_at)
    SELECT '${table.name}', t.id, 'create', '', ${tableSql(sql).image(table, 't')}, 1, '', ${shared.transaction}, ${shared.now}
    FROM ${quote(table.name)} t WHERE ${missing} ORDER BY t.id`);
  return rows;
}

function triggerNames(sql: SqlRunner, table: TableDefinition): readonly string[] {
  if (sql.dialect === 'postgres') return postgresTriggerNames(table);
  return sqliteMasterCapture(table).map((statement) => /CREATE TRIGGER "([^"]+)"/.exec(statement)?.[1] ?? '');
}

async function presentTriggers(sql: SqlRunner): Promise<ReadonlySet<string>> {
  const rows =
    sql.dialect === 'sqlite'
      ? await sql.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      : await sql.all<{ name: string }>('SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal');
  return new Set(rows.map((row) => row.name));
}
