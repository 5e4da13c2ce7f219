import { SyncError } from '../../../core/sync-error.ts';
import type { TableDefinition } from '../../../core/table-definition.ts';
import type { TableRegistry } from '../../../core/table-registry.ts';
import { postgresCapture, postgresTriggerNames } from '../dialects/postgres-capture.ts';
import { postgresTable } from '../dialects/postgres-table.ts';
import { declaredUniqueKeys, REPLACED_TABLE, TRIGGER_PREFIX } from '../dialects/sqlite-capture.ts';
import { presentColumns, presentUniqueKeys } from '../dialects/sqlite-inspect.ts';
import { sqliteMasterCapture } from '../dialects/sqlite-master-capture.ts';
import { sqliteTable } from '../dialects/sqlite-table.ts';
import { quote } from '../dialects/table-sql.ts';
import type { SqlDatabase, SqlRunner } from '../sql-database.ts';
import { extendPostgresTable, presentPostgresColumns } from './adopt-postgres-table.ts';
import { extendTable } from './adopt-table.ts';
import { logFilledColumns, logMissedChanges, logUnlogged } from './log-rows.ts';
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
    await runAll(sql, masterSchema(sql.dialect));
    await checkVersion(sql);
    if (sql.dialect === 'sqlite') await sql.run(REPLACED_TABLE);
    const created: string[] = [];
    const adopted: { table: string; rows: number }[] = [];
    const changed: string[] = [];
    for (const table of tables.tables) {
      const prepared = await prepareTable(sql, table, context.nowIso);
      if (prepared.isNew) created.push(table.name);
      changed.push(...prepared.changed);
      const wasWhole = prepared.isNew || (await lostTrigger(sql, table)) === undefined;
      await installCapture(sql, table);
      if (!wasWhole) await logMissedChanges(sql, table);
      await logFilledColumns(sql, table, filledWithNow(table, prepared.changed));
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
export async function verifyMasterSchema(
  database: SqlDatabase,
  tables: TableRegistry,
): Promise<void> {
  await database.read(async (sql) => {
    const meta = await presentNames(sql, 'sync_meta');
    if (meta.size === 0)
      throw new SyncError('storage_not_migrated', 'the database has not been prepared');
    await checkVersion(sql);
    for (const table of tables.tables) {
      const present = await presentNames(sql, table.name);
      const missing = table.columns.find((column) => !present.has(column.name));
      if (missing !== undefined) {
        throw new SyncError('schema_mismatch', `table ${table.name} has no column ${missing.name}`);
      }
      const lost = await lostTrigger(sql, table);
      if (lost !== undefined) {
        throw new SyncError('schema_mismatch', `table ${table.name} has lost its trigger ${lost}`);
      }
    }
  });
}

function tableSql(sql: SqlRunner) {
  return sql.dialect === 'sqlite' ? sqliteTable : postgresTable;
}

/** PostgreSQL takes many statements at once, which spares as many round trips. */
async function runAll(sql: SqlRunner, statements: readonly string[]): Promise<void> {
  if (sql.dialect === 'postgres') return sql.run(statements.join(';\n'));
  for (const statement of statements) await sql.run(statement);
}

async function checkVersion(sql: SqlRunner): Promise<void> {
  const [row] = await sql.all<{ value: string }>(
    "SELECT value FROM sync_meta WHERE key = 'schema_version'",
  );
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
    await sql.run(
      'INSERT INTO sync_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING',
      entry,
    );
  }
  await sql.run(
    'INSERT INTO sync_marks (numbered_at, position) SELECT $1, 0 WHERE NOT EXISTS (SELECT 1 FROM sync_marks)',
    [context.nowIso],
  );
}

async function presentNames(sql: SqlRunner, table: string): Promise<ReadonlySet<string>> {
  const columns =
    sql.dialect === 'sqlite'
      ? await presentColumns(sql, table)
      : await presentPostgresColumns(sql, table);
  return new Set(columns.map(({ name }) => name));
}

/** Makes a table, or brings one that is there up to its declaration. */
async function prepareTable(
  sql: SqlRunner,
  table: TableDefinition,
  nowIso: string,
): Promise<{ readonly isNew: boolean; readonly changed: readonly string[] }> {
  if ((await presentNames(sql, table.name)).size === 0) {
    await runAll(sql, tableSql(sql).createTable(table));
    return { isNew: true, changed: [] };
  }
  const changed =
    sql.dialect === 'sqlite'
      ? await extendTable(sql, table, nowIso)
      : await extendPostgresTable(sql, table);
  return { isNew: false, changed };
}

/** Columns that were added with the time of the migration, which slaves cannot know. */
function filledWithNow(table: TableDefinition, changed: readonly string[]): readonly string[] {
  return table.columns
    .filter(
      (column) => column.default === 'now' && changed.includes(`${table.name}.${column.name}`),
    )
    .map(({ name }) => name);
}

async function installCapture(sql: SqlRunner, table: TableDefinition): Promise<void> {
  if (sql.dialect === 'postgres') {
    await runAll(sql, postgresCapture(table));
    return;
  }
  const present = await sql.all<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 AND name LIKE $2",
    [table.name, `${TRIGGER_PREFIX}%`],
  );
  const declared = declaredUniqueKeys(table);
  const found = await presentUniqueKeys(sql, table.name, 'all');
  const others = found.filter(
    (names) => names.join() !== 'id' && !declared.some((key) => key.join() === names.join()),
  );
  const wanted = sqliteMasterCapture(table, [...declared, ...others]);
  const kept = new Set(
    wanted.filter((statement) => present.some((trigger) => trigger.sql === statement)),
  );
  for (const trigger of present) {
    if (!kept.has(trigger.sql)) await sql.run(`DROP TRIGGER ${quote(trigger.name)}`);
  }
  for (const statement of wanted) if (!kept.has(statement)) await sql.run(statement);
}

/** The first capture trigger of a table that is missing or switched off; undefined when capture is whole. */
async function lostTrigger(sql: SqlRunner, table: TableDefinition): Promise<string | undefined> {
  const rows = await sql.all<{ name: string }>(
    sql.dialect === 'sqlite'
      ? "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1"
      : "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgrelid = to_regclass(quote_ident($1))",
    [table.name],
  );
  const present = new Set(rows.map(({ name }) => name));
  return triggerNames(sql, table).find((name) => !present.has(name));
}

function triggerNames(sql: SqlRunner, table: TableDefinition): readonly string[] {
  if (sql.dialect === 'postgres') return postgresTriggerNames(table);
  return sqliteMasterCapture(table).map(
    (statement) => /CREATE TRIGGER "([^"]+)"/.exec(statement)?.[1] ?? '',
  );
}
