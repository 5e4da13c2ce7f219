import { expect, onTestFinished, test } from 'vitest';
import {
  boolean,
  decimal,
  defineTable,
  integer,
  key,
  text,
  timestamp,
  type TableDeclaration,
  type TableDefinition,
} from '../../core/table-definition.ts';
import { registerTables } from '../../core/table-registry.ts';
import { tableDefinitions } from '../../tables/registry.ts';
import { openForeignConnection, type ForeignConnection } from '../../testkit/foreign-connection.ts';
import type { LogEntry } from '../master-store.ts';
import { createMasterStore } from '../sequelize/master-store.ts';
import {
  migrateMaster,
  verifyMasterSchema,
  type MigrationReport,
} from '../sequelize/migrations/migrate-master.ts';
import type { SqlDatabase } from '../sequelize/sql-database.ts';
import { capturedTexts, insertItem } from './change-log.testkit.ts';
import { openTestDatabase, randomId, type CreateDatabase } from './master-database.testkit.ts';

/** An empty database with a foreign connection. */
export interface Ground {
  readonly url: string;
  readonly database: SqlDatabase;
  readonly other: ForeignConnection;
}

/** Opens an empty database for one test. */
export async function openGround(createDatabase: CreateDatabase): Promise<Ground> {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const database = await openTestDatabase(url);
  const other = await openForeignConnection(url);
  onTestFinished(() => other.close());
  return { url, database, other };
}

/** Prepares a database for tables; the product's own by default. */
export function migrate(
  database: SqlDatabase,
  definitions: readonly TableDefinition[] = tableDefinitions,
): Promise<MigrationReport> {
  const nowIso = '2026-01-01T00:00:00.000Z';
  return migrateMaster(database, registerTables(definitions), { nowIso, randomId });
}

const verify = (database: SqlDatabase, definitions = tableDefinitions): Promise<void> =>
  verifyMasterSchema(database, registerTables(definitions));

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: { code?: unknown }) => error.code ?? error,
  );

const shopColumns: TableDeclaration['columns'] = { id: key(), name: text() };

/** A table as an older and as a newer program declares it. */
function shops(columns: TableDeclaration['columns'] = {}): readonly TableDefinition[] {
  return [defineTable({ name: 'shops', columns: { ...shopColumns, ...columns } })];
}

/** Whatever the log holds from its beginning, everything numbered. */
export async function loggedEntries(
  database: SqlDatabase,
  definitions: readonly TableDefinition[],
): Promise<readonly LogEntry[]> {
  const store = createMasterStore(database, registerTables(definitions));
  await store.numberChanges(new Date().toISOString(), false);
  const names = definitions.map(({ name }) => name);
  const request = { after: 0, limit: 1000, hardLimit: 1000 };
  return (await store.read((tx) => tx.logPage(request, names))).entries;
}

/** Preparing a master's database; call it within a `describe`. */
export function migrateMasterContract(createDatabase: CreateDatabase): void {
  const open = (): Promise<Ground> => openGround(createDatabase);

  test('prepares an empty database, and repeats without effect', async () => {
    const { database, other } = await open();
    expect(await codeOf(verify(database))).toBe('storage_not_migrated');
    const first = await migrate(database);
    expect({ ...first, created: first.created.toSorted() }).toEqual({
      created: ['inventories', 'inventory_adjustments', 'sync_conflicts', 'transactions'],
      adopted: [],
      changed: [],
    });
    await verify(database);
    await other.run(insertItem('i1'));
    const meta = await other.all('SELECT key, value FROM sync_meta ORDER BY key');
    expect(await migrate(database)).toEqual({ created: [], adopted: [], changed: [] });
    expect(await other.all('SELECT key, value FROM sync_meta ORDER BY key')).toEqual(meta);
    await other.run("UPDATE inventories SET name = 'x'");
    expect(await capturedTexts(other)).toEqual(['create i1', 'update i1 name']);
    await verify(database);
  });

  test('several programs may prepare the same database at once', async () => {
    const { url, other } = await open();
    const databases = await Promise.all([1, 2, 3, 4].map(() => openTestDatabase(url)));
    const reports = await Promise.all(databases.map((database) => migrate(database)));
    expect(reports.filter(({ created }) => created.length > 0).length).toBe(1);
    await other.run(insertItem('i1'));
    expect(await capturedTexts(other)).toEqual(['create i1']);
    expect((await other.all("SELECT 1 FROM sync_meta WHERE key = 'epoch'")).length).toBe(1);
  });

  test('a table that another application made and filled is adopted with every row', async () => {
    const { database, other } = await open();
    await other.script(adoptedTables(other));
    const report = await migrate(database);
    expect(report.created.toSorted()).toEqual(['inventory_adjustments', 'sync_conflicts']);
    expect(report.adopted).toEqual([
      { table: 'inventories', rows: 2 },
      { table: 'transactions', rows: 1 },
    ]);
    await verify(database);
    const entries = await loggedEntries(database, tableDefinitions);
    expect(entries.map(({ id, action }) => `${action} ${id}`)).toEqual([
      'create 9b0',
      'create 9b1',
      'create t1',
    ]);
    expect(entries[1]?.row).toEqual({
      ok: true,
      row: {
        id: '9b1',
        sku: 'TEA',
        name: 'Tea',
        description: null,
        quantity: 5,
        unit_price: '2.5000',
        location: null,
        created_at: '2025-05-05T10:00:00.000Z',
        updated_at: '2025-05-06T10:00:00.000Z',
      },
    });
    await other.run("UPDATE inventories SET name = 'Green tea', barcode = 'x' WHERE id = '9b1'");
    await other.run("DELETE FROM inventories WHERE id = '9b1'");
    expect((await capturedTexts(other)).slice(3).toSorted()).toEqual([
      'delete 9b1',
      'delete t1',
      'update 9b1 name',
    ]);
    expect((await migrate(database)).adopted).toEqual([]);
  });

  test('P13 values written into adopted columns come back exactly', async () => {
    const { database, other } = await open();
    await other.script(adoptedTables(other));
    await migrate(database);
    const store = createMasterStore(database, registerTables(tableDefinitions));
    const row = {
      id: 'n1',
      sku: 'N1',
      name: 'New',
      description: null,
      quantity: 3,
      unit_price: '1.2345',
      location: 'L',
      created_at: '2026-01-31T12:00:00.789Z',
      updated_at: '2026-07-31T23:59:59.999Z',
    };
    const origin = { slave: 'A', transaction: 'x' };
    await store.write((tx) =>
      tx.applyWrites([{ kind: 'insert', table: 'inventories', id: 'n1', row }], origin),
    );
    const updated = { ...row, unit_price: '9.9999', created_at: '2026-01-31T12:00:00.001Z' };
    await store.write((tx) =>
      tx.applyWrites([{ kind: 'update', table: 'inventories', id: 'n1', row: updated }], origin),
    );
    const entries = await loggedEntries(database, tableDefinitions);
    expect(entries.slice(-2).map((entry) => entry.row)).toEqual([
      { ok: true, row },
      { ok: true, row: updated },
    ]);
  });

  test('a column that was declared later is added, and older changes can still be sent', async () => {
    const { database, other } = await open();
    await migrate(database, shops());
    await other.run("INSERT INTO shops (id, name) VALUES ('s1', 'One'), ('s2', 'Two')");
    await other.run("DELETE FROM shops WHERE id = 's2'");
    const more = {
      city: text({ nullable: true }),
      stock: integer({ counter: true, default: 7 }),
      fee: decimal(8, 2, { default: '1.50' }),
      kind: text({ default: "it's" }),
      open: boolean({ default: true }),
      opened_at: timestamp({ default: 'now' }),
    };
    const report = await migrate(database, shops(more));
    expect(report.changed).toEqual(Object.keys(more).map((name) => `shops.${name}`));
    await verify(database, shops(more));
    const added = { city: null, stock: 7, fee: '1.50', kind: "it's", open: true };
    const entries = await loggedEntries(database, shops(more));
    expect(entries.map(({ id, action, row }) => [id, action, row.ok])).toEqual([
      ['s1', 'create', true],
      ['s2', 'create', true],
      ['s2', 'delete', true],
      ['s1', 'update', true],
    ]);
    for (const { row } of entries) expect(row).toMatchObject({ ok: true, row: added });
    await other.run("UPDATE shops SET city = 'Ulm' WHERE id = 's1'");
    expect((await capturedTexts(other)).at(-1)).toBe('update s1 city');
    expect(await migrate(database, shops(more))).toEqual({ created: [], adopted: [], changed: [] });
  });

  test('a column that is no longer declared is left out of older changes', async () => {
    const { database, other } = await open();
    await migrate(database, shops({ city: text({ nullable: true }) }));
    await other.run("INSERT INTO shops (id, name, city) VALUES ('s1', 'One', 'Ulm')");
    await migrate(database, shops());
    const [entry] = await loggedEntries(database, shops());
    expect(entry?.row).toEqual({ ok: true, row: { id: 's1', name: 'One' } });
    await other.run("UPDATE shops SET city = 'Bonn'");
    expect(await capturedTexts(other)).toEqual(['create s1']);
  });

  test('a column that would need a value in every row is refused, and nothing is changed', async () => {
    const { database, other } = await open();
    await other.script(
      "CREATE TABLE shops (id VARCHAR(36) PRIMARY KEY NOT NULL); INSERT INTO shops VALUES ('s1')",
    );
    await expect(migrate(database, shops())).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringMatching(/shops.*name/),
    });
    await expect(other.all('SELECT * FROM sync_meta')).rejects.toThrow();
    await other.run("INSERT INTO shops VALUES ('s2')");
  });

  test.each(['INTEGER', 'BIGINT'])('a key that is %s is refused', async (type) => {
    const { database, other } = await open();
    await other.run(
      `CREATE TABLE shops (id ${type} PRIMARY KEY NOT NULL, name VARCHAR(50) NOT NULL)`,
    );
    await expect(migrate(database, shops())).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringMatching(/shops.*id/),
    });
  });

  test('a missing trigger, column or table is found, and mended', async () => {
    const { database, other } = await open();
    await migrate(database);
    await verify(database);
    const on = other.dialect === 'postgres' ? ' ON inventories' : '';
    await other.run(`DROP TRIGGER sync_capture_inventories_update${on}`);
    await expect(verify(database)).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('sync_capture_inventories_update'),
    });
    await migrate(database);
    await verify(database);
    if (other.dialect === 'sqlite') await dropTriggers(other, 'inventory_adjustments');
    await other.run('ALTER TABLE inventory_adjustments DROP COLUMN adjusted_by');
    await expect(verify(database)).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('adjusted_by'),
    });
    await migrate(database);
    await verify(database);
    await other.run('DROP TABLE inventory_adjustments');
    expect(await codeOf(verify(database))).toBe('schema_mismatch');
    await migrate(database);
    await verify(database);
  });

  test('P3 what was written while capture was not whole is found and logged when it is mended', async () => {
    const { database, other } = await open();
    await migrate(database);
    await other.script(['i1', 'i2', 'i3', 'i4'].map((id) => insertItem(id)).join('; '));
    await other.run("DELETE FROM inventories WHERE id = 'i4'");
    if (other.dialect === 'sqlite') await dropTriggers(other, 'inventories');
    else await other.run('ALTER TABLE inventories DISABLE TRIGGER ALL');
    await other.run("UPDATE inventories SET name = 'new' WHERE id = 'i1'");
    await other.run("DELETE FROM inventories WHERE id = 'i2'");
    await other.script(`${insertItem('i4')}; ${insertItem('i5')}`);
    await migrate(database);
    const log = (await capturedTexts(other)).slice(5).map((line) => line.split(' ', 2).join(' '));
    expect(log.toSorted()).toEqual(['create i4', 'create i5', 'delete i2', 'update i1']);
    const entries = (await loggedEntries(database, tableDefinitions)).slice(5);
    expect(entries.every(({ row }) => row.ok)).toBe(true);
    const generations = Object.fromEntries(entries.map(({ id, generation }) => [id, generation]));
    expect(generations).toEqual({ i1: 1, i2: 2, i4: 3, i5: 1 });
    expect(await migrate(database)).toEqual({ created: [], adopted: [], changed: [] });
    expect((await capturedTexts(other)).length).toBe(9);
  });

  test('a database of a newer program is refused and stays as it is', async () => {
    const { database, other } = await open();
    await migrate(database);
    await other.run("UPDATE sync_meta SET value = '99' WHERE key = 'schema_version'");
    expect(await codeOf(migrate(database))).toBe('storage_not_migrated');
    expect(await codeOf(verify(database))).toBe('storage_not_migrated');
    const [row] = await other.all<{ value: string }>(
      "SELECT value FROM sync_meta WHERE key = 'schema_version'",
    );
    expect(row?.value).toBe('99');
  });
}

/** SQLite drops no column that a trigger names. */
async function dropTriggers(other: ForeignConnection, table: string): Promise<void> {
  const triggers = await other.all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1",
    [table],
  );
  for (const { name } of triggers) await other.run(`DROP TRIGGER ${name}`);
}

/** What a shop's own application has, with columns, keys and indexes of its own. */
function adoptedTables({ dialect }: ForeignConnection): string {
  const time = dialect === 'postgres' ? 'timestamp(0) without time zone' : 'datetime';
  return `
    CREATE TABLE inventories (id varchar(36) not null primary key, sku varchar(50) not null, name varchar(255) not null,
      description text, quantity integer not null default 0, unit_price numeric(10,2) not null, barcode varchar(20),
      location varchar(255), created_at ${time}, updated_at ${time});
    CREATE UNIQUE INDEX inventories_sku_unique ON inventories (sku);
    CREATE UNIQUE INDEX inventories_barcode_unique ON inventories (barcode);
    CREATE TABLE transactions (id varchar(36) not null primary key,
      inventory_id varchar(36) not null references inventories (id) on delete cascade, type varchar(20) not null,
      quantity integer not null, unit_price numeric(10,2) not null, total numeric(12,2) not null, reference varchar(255),
      occurred_at ${time} not null, created_at ${time}, updated_at ${time});
    INSERT INTO inventories VALUES
      ('9b1', 'TEA', 'Tea', null, 5, 2.5, '400', null, '2025-05-05 10:00:00', '2025-05-06 10:00:00'),
      ('9b0', 'COF', 'Coffee', 'dark', -3, 7, null, null, '2025-05-05 10:00:00', '2025-05-06 10:00:00');
    INSERT INTO transactions VALUES
      ('t1', '9b1', 'sale', 1, 2.5, 2.5, null, '2025-05-06 11:00:00', '2025-05-06 11:00:00', '2025-05-06 11:00:00');`;
}
