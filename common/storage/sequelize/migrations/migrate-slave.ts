import { SyncError } from '../../../core/sync-error.ts';
import type { TableDefinition } from '../../../core/table-definition.ts';
import type { TableRegistry } from '../../../core/table-registry.ts';
import { declaredUniqueKeys } from '../dialects/sqlite-capture.ts';
import {
  objectKind,
  presentColumns,
  presentTriggers,
  presentUniqueKeys,
} from '../dialects/sqlite-inspect.ts';
import { sqliteTable } from '../dialects/sqlite-table.ts';
import { SLAVE_SCHEMA_VERSION, SLAVE_TABLES, slaveTriggers } from '../slave-schema.ts';
import type { SqlDatabase, SqlRunner } from '../sql-database.ts';
import { extendTable, noteTimeStyles, offerRows } from './adopt-table.ts';
import type { MigrationContext, MigrationReport } from './migrate-master.ts';

/** Prefixes of keys in `sync_meta`, before the table's name: how we came to it, and its unique keys in the triggers. */
const TABLE_KEY = 'table:';
const UNIQUE_KEY = 'unique_keys:';

/**
 * Prepares a slave's database, or brings it up to date: one transaction, repeatable, every row kept. Tables that
 * another application has made and filled are taken over as they are; their rows are offered for the first sync.
 *
 * @throws SyncError `schema_mismatch` naming table and column, `storage_not_migrated` for a newer database.
 */
export async function migrateSlave(
  database: SqlDatabase,
  tables: TableRegistry,
  context: MigrationContext,
): Promise<MigrationReport> {
  return database.write(async (sql) => {
    await refuseNewer(sql);
    for (const statement of SLAVE_TABLES) await sql.run(statement);
    await seed(sql, context);
    const created: string[] = [];
    const changed: string[] = [];
    const strange: TableDefinition[] = [];
    for (const table of tables.tables) {
      const isKnown = (await metaValue(sql, TABLE_KEY + table.name)) !== undefined;
      if ((await presentColumns(sql, table.name)).length === 0) {
        for (const statement of sqliteTable.createTable(table)) await sql.run(statement);
        created.push(table.name);
      } else {
        if (!isKnown) strange.push(table);
        changed.push(...(await extendTable(sql, table, context.nowIso)));
      }
      const origin = strange.includes(table) ? 'adopted' : 'created';
      if (!isKnown) await setMeta(sql, TABLE_KEY + table.name, origin);
    }
    if (created.length > 0) await loadAgain(sql, context.nowIso);
    changed.push(...(await installTriggers(sql, tables)));
    const adopted: { table: string; rows: number }[] = [];
    for (const table of strange) {
      await noteTimeStyles(sql, table);
      adopted.push({ table: table.name, rows: await offerRows(sql, table, context.nowIso) });
    }
    return { created, adopted, changed };
  });
}

/** A slave that has synced before lacks the rows of a table that was only now made, so the next sync loads them. */
async function loadAgain(sql: SqlRunner, startedAt: string): Promise<void> {
  const loading = { rows: 0, totalRows: 0, startedAt, resync: true, keepLocalOnly: false };
  await sql.run('DELETE FROM sync_staged');
  await sql.run('UPDATE sync_state SET cursor = NULL, loading = $1 WHERE cursor IS NOT NULL', [
    JSON.stringify(loading),
  ]);
}

/**
 * Checks that a database is prepared for this program: version, columns, capture triggers.
 *
 * @throws SyncError `storage_not_migrated`, or `schema_mismatch` naming what is missing.
 */
export async function verifySlaveSchema(
  database: SqlDatabase,
  tables: TableRegistry,
): Promise<void> {
  await database.read(async (sql) => {
    await refuseNewer(sql);
    await refuseOlder(sql);
    const triggers = new Map(
      (await presentTriggers(sql)).map((trigger) => [trigger.name, trigger.sql]),
    );
    for (const table of tables.tables) {
      const columns = new Set((await presentColumns(sql, table.name)).map(({ name }) => name));
      if (columns.size === 0) throw mismatch(`there is no table ${table.name}`);
      const missing = table.columns.find(({ name }) => !columns.has(name));
      if (missing !== undefined) {
        throw mismatch(`table ${table.name} has no column ${missing.name}`);
      }
      await verifyTriggers(sql, table, triggers);
    }
  });
}

async function verifyTriggers(
  sql: SqlRunner,
  table: TableDefinition,
  present: ReadonlyMap<string, string>,
): Promise<void> {
  // With the keys of the last migration: an index that the application adds later must not stop the sync.
  const keys = parseKeys(await metaValue(sql, UNIQUE_KEY + table.name));
  for (const statement of slaveTriggers(table, keys)) {
    const name = triggerName(statement);
    if (present.get(name) === statement) continue;
    const fate = present.has(name) ? 'differs from the one needed' : 'is missing';
    throw mismatch(`capture trigger ${name} of table ${table.name} ${fate}`);
  }
}

async function refuseOlder(sql: SqlRunner): Promise<void> {
  const isPrepared = (await objectKind(sql, 'sync_state')) !== undefined;
  const version = isPrepared ? await metaValue(sql, 'schema_version') : undefined;
  if (Number(version ?? 0) >= SLAVE_SCHEMA_VERSION) return;
  throw new SyncError(
    'storage_not_migrated',
    version === undefined
      ? 'the database has not been prepared for syncing'
      : `the database has schema version ${version}, this program needs ${SLAVE_SCHEMA_VERSION}`,
  );
}

async function refuseNewer(sql: SqlRunner): Promise<void> {
  if ((await objectKind(sql, 'sync_meta')) === undefined) return;
  const version = Number((await metaValue(sql, 'schema_version')) ?? 0);
  if (version <= SLAVE_SCHEMA_VERSION) return;
  throw new SyncError(
    'storage_not_migrated',
    `the database has schema version ${version}, this program knows ${SLAVE_SCHEMA_VERSION} and older`,
    { hint: 'Upgrade this program; a newer one has prepared the database.' },
  );
}

async function seed(sql: SqlRunner, { nowIso, randomId }: MigrationContext): Promise<void> {
  await setMeta(sql, 'schema_version', String(SLAVE_SCHEMA_VERSION));
  await sql.run('INSERT INTO sync_context (id) VALUES (1) ON CONFLICT DO NOTHING');
  await sql.run(
    `INSERT INTO sync_state (id, incarnation, created_at, updated_at) VALUES (1, $1, $2, $2)
      ON CONFLICT DO NOTHING`,
    [randomId(), nowIso],
  );
}

/** Triggers of ours that are not as they should be are made anew; those of tables no longer declared are removed. */
async function installTriggers(sql: SqlRunner, tables: TableRegistry): Promise<readonly string[]> {
  const wanted = new Map<string, { readonly table: string; readonly statement: string }>();
  for (const table of tables.tables) {
    const keys = await uniqueKeysOf(sql, table);
    await setMeta(sql, UNIQUE_KEY + table.name, JSON.stringify(keys));
    for (const statement of slaveTriggers(table, keys)) {
      wanted.set(triggerName(statement), { table: table.name, statement });
    }
  }
  const touched = new Set<string>();
  const present = await presentTriggers(sql);
  for (const trigger of present) {
    const own = wanted.get(trigger.name);
    if (own?.statement === trigger.sql) {
      wanted.delete(trigger.name);
      continue;
    }
    await sql.run(`DROP TRIGGER "${trigger.name.replaceAll('"', '""')}"`);
    touched.add(own?.table ?? trigger.table);
  }
  const had = new Set(present.map(({ table }) => table));
  for (const { table, statement } of wanted.values()) {
    await sql.run(statement);
    if (had.has(table)) touched.add(table);
  }
  return [...touched].map((table) => `${table} (capture triggers)`);
}

/** Unique keys that the database enforces together with the declared ones, each once. */
async function uniqueKeysOf(
  sql: SqlRunner,
  table: TableDefinition,
): Promise<readonly (readonly string[])[]> {
  const keys = [...declaredUniqueKeys(table), ...(await presentUniqueKeys(sql, table.name, 'all'))];
  const byText = new Map(keys.map((key) => [key.join(','), key]));
  byText.delete('id');
  return [...byText.values()];
}

function parseKeys(noted: string | undefined): readonly (readonly string[])[] {
  // Written by installTriggers only.
  return noted === undefined ? [] : (JSON.parse(noted) as string[][]);
}

function triggerName(statement: string): string {
  return /^CREATE TRIGGER "([^"]+)"/.exec(statement)?.[1] ?? '';
}

function mismatch(reason: string): SyncError {
  return new SyncError('schema_mismatch', reason);
}

async function metaValue(sql: SqlRunner, key: string): Promise<string | undefined> {
  const [row] = await sql.all<{ value: string }>(`SELECT value FROM sync_meta WHERE key = $1`, [
    key,
  ]);
  return row?.value;
}

async function setMeta(sql: SqlRunner, key: string, value: string): Promise<void> {
  await sql.run(
    `INSERT INTO sync_meta (key, value) VALUES ($1, $2)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
    [key, value],
  );
}
