import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  boolean,
  defineTable,
  integer,
  key,
  text,
  timestamp,
} from '../../../core/table-definition.ts';
import { registerTables } from '../../../core/table-registry.ts';
import { tableDefinitions } from '../../../tables/registry.ts';
import { makeTempDir } from '../../../testkit/temp-dir.ts';
import {
  briefly,
  connectApp,
  insertInventory,
  makeSlave,
  openSlaveDatabase,
  type AppConnection,
} from '../slave-store.testkit.ts';
import type { SqlDatabase } from '../sql-database.ts';
import { migrateSlave, verifySlaveSchema } from './migrate-slave.ts';

const NOW = '2026-02-03T04:05:06.789Z';

const migrate = (database: SqlDatabase, definitions = tableDefinitions) =>
  migrateSlave(database, registerTables(definitions), { nowIso: NOW, randomId: () => 'random' });

const verify = (database: SqlDatabase, definitions = tableDefinitions) =>
  verifySlaveSchema(database, registerTables(definitions));

/** A database file as another application has made it. */
async function foreignDatabase(
  sql: string,
): Promise<{ readonly file: string; readonly app: AppConnection; readonly database: SqlDatabase }> {
  const file = join(makeTempDir(), 'shop.sqlite');
  const app = await connectApp(file);
  await app.exec(sql);
  return { file, app, database: await openSlaveDatabase(file) };
}

/** What a Laravel shop has, with columns and indexes of its own. */
const LARAVEL = `
  CREATE TABLE "migrations" ("id" integer primary key autoincrement not null, "migration" varchar not null);
  CREATE TABLE "inventories" ("id" varchar not null, "sku" varchar not null, "name" varchar not null,
    "description" text, "quantity" integer not null default '0', "unit_price" numeric not null,
    "barcode" varchar, "created_at" datetime, "updated_at" datetime, primary key ("id"));
  CREATE UNIQUE INDEX "inventories_sku_unique" on "inventories" ("sku");
  CREATE UNIQUE INDEX "inventories_barcode_unique" on "inventories" ("barcode");
  CREATE INDEX "inventories_name_index" on "inventories" ("name");
  CREATE TABLE "transactions" ("id" varchar not null primary key, "inventory_id" varchar not null, "type" varchar not null,
    "quantity" integer not null, "unit_price" numeric not null, "total" numeric not null, "reference" varchar,
    "occurred_at" datetime not null, "created_at" datetime, "updated_at" datetime,
    foreign key("inventory_id") references "inventories"("id") on delete cascade);
  INSERT INTO inventories VALUES
    ('9b1', 'TEA', 'Tea', null, 5, 2.5, '400', '2025-05-05 10:00:00', '2025-05-06 10:00:00'),
    ('9b0', 'COF', 'Coffee', 'dark', -3, 7, null, '2025-05-05 10:00:00', '2025-05-06 10:00:00');
  INSERT INTO transactions VALUES ('t1', '9b1', 'sale', 1, 2.5, 2.5, null, '2025-05-06 11:00:00', '2025-05-06 11:00:00', '2025-05-06 11:00:00');`;

describe('migrateSlave', () => {
  it('prepares an empty database, and repeats without effect', async () => {
    const { database, app } = await foreignDatabase('');
    await expect(verify(database)).rejects.toMatchObject({ code: 'storage_not_migrated' });
    const first = await migrate(database);
    expect(first).toEqual({
      created: ['inventories', 'transactions', 'inventory_adjustments', 'sync_conflicts'],
      adopted: [],
      changed: [],
    });
    const schema = await app.all('SELECT type, name, sql FROM sqlite_schema ORDER BY name');
    expect(await migrate(database)).toEqual({ created: [], adopted: [], changed: [] });
    expect(await app.all('SELECT type, name, sql FROM sqlite_schema ORDER BY name')).toEqual(
      schema,
    );
    await verify(database);
  });

  it('keeps incarnation, outbox and state when repeated', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('i1'));
    await slave.store.write((tx) => tx.patchState({ position: 9, cursor: 'e.9' }));
    await migrate(slave.database);
    const state = await slave.store.read((tx) => tx.state());
    expect(state).toMatchObject({ incarnation: 'incarnation-1', position: 9, cursor: 'e.9' });
    expect(briefly(await slave.entries())).toEqual(['create i1']);
  });

  it('takes over a database of another application with every row, and offers its rows once', async () => {
    const { database, app, file } = await foreignDatabase(LARAVEL);
    const before = await app.all('SELECT * FROM inventories ORDER BY id');
    const report = await migrate(database);
    expect(report).toEqual({
      created: ['inventory_adjustments', 'sync_conflicts'],
      adopted: [
        { table: 'inventories', rows: 2 },
        { table: 'transactions', rows: 1 },
      ],
      changed: ['inventories.location'],
    });
    expect(await migrate(database)).toEqual({ created: [], adopted: [], changed: [] });
    await verify(database);
    const after = await app.all('SELECT * FROM inventories ORDER BY id');
    expect(after).toEqual(before.map((row) => ({ ...row, location: null })));

    const slave = await makeSlave(tableDefinitions, file);
    const entries = await slave.entries();
    expect(briefly(entries)).toEqual(['create 9b1', 'create 9b0', 'create t1']);
    expect(entries[0]).toMatchObject({
      basePosition: 0,
      capturedAt: NOW,
      counted: false,
      after: {
        ok: true,
        row: {
          quantity: 5,
          unit_price: '2.5000',
          created_at: '2025-05-05T10:00:00.000Z',
          location: null,
        },
      },
    });
  });

  it('writes times into an adopted table as its application does', async () => {
    const { file, app } = await foreignDatabase(LARAVEL);
    const slave = await makeSlave(tableDefinitions, file);
    const row = {
      id: 'new',
      sku: 'NEW',
      name: 'New',
      description: null,
      quantity: 1,
      unit_price: '1.0000',
      location: 'A',
      created_at: '2026-01-02T03:04:05.000Z',
      updated_at: '2026-01-02T03:04:05.678Z',
    };
    expect(
      await slave.store.write((tx) => tx.applyRows([{ table: 'inventories', id: 'new', row }])),
    ).toEqual([]);
    const [stored] = await app.all(
      `SELECT created_at, updated_at, location FROM inventories WHERE id = 'new'`,
    );
    expect(stored).toEqual({
      created_at: '2026-01-02 03:04:05',
      updated_at: '2026-01-02 03:04:05.678',
      location: 'A',
    });
    const read = await slave.store.read((tx) => tx.rows('inventories', ['new']));
    expect(read.get('new')).toEqual({ ok: true, row });
  });

  it('captures rows that an adopted table pushes aside by a unique index of its own', async () => {
    const { file, app } = await foreignDatabase(LARAVEL);
    const slave = await makeSlave(tableDefinitions, file);
    await app.exec(`INSERT OR REPLACE INTO inventories (id, sku, name, quantity, unit_price, barcode, created_at, updated_at)
      VALUES ('x', 'X', 'X', 1, 1, '400', '2026-01-01 00:00:00', '2026-01-01 00:00:00')`);
    expect(briefly(await slave.entries()).slice(3)).toEqual(['delete 9b1', 'create x']);
  });

  it('lets rows without a key pass in a table that allows them', async () => {
    const things = defineTable({
      name: 'things',
      columns: { id: key(), label: text({ unique: true }) },
    });
    const { file, app } = await foreignDatabase(
      'CREATE TABLE things (id TEXT PRIMARY KEY, label TEXT UNIQUE)',
    );
    const slave = await makeSlave([things], file);
    await app.exec(`INSERT INTO things VALUES (NULL, 'a'), (NULL, 'b'); REPLACE INTO things VALUES (NULL, 'a'), ('c', 'b');
      UPDATE things SET label = label || '!'; DELETE FROM things`);
    const entries = await slave.entries();
    expect(entries.filter(({ after }) => !after.ok).map(({ action }) => action)).toContain(
      'create',
    );
    expect(briefly(entries)).toContain('create c');
  });

  it('adds columns that a newer declaration has, unsent work included', async () => {
    const older = defineTable({ name: 'things', columns: { id: key(), label: text() } });
    const newer = defineTable({
      name: 'things',
      columns: {
        id: key(),
        label: text(),
        note: text({ nullable: true }),
        code: text({ nullable: true, unique: true }),
        stock: integer({ default: 3, counter: true }),
        is_open: boolean({ nullable: true }),
        seen_at: timestamp({ default: 'now' }),
      },
    });
    const slave = await makeSlave([older]);
    await slave.app.exec(`INSERT INTO things VALUES ('t', 'x')`);
    await expect(verify(slave.database, [newer])).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('note') as string,
    });
    const later = await makeSlave([newer], slave.file);
    const [row] = await later.app.all('SELECT * FROM things');
    expect(row).toMatchObject({ id: 't', label: 'x', note: null, stock: 3 });
    const [entry] = await later.entries();
    expect(entry?.after).toMatchObject({ ok: true, row: { label: 'x', note: null, stock: 3 } });
    await later.app.exec(`INSERT INTO things (id, label) VALUES ('u', 'y')`);
    expect((await later.entries())[1]?.after).toMatchObject({ ok: true });
    await verify(later.database, [newer]);
  });

  it.each([
    [
      'a column that must have a value',
      'CREATE TABLE things (id TEXT PRIMARY KEY)',
      /things.*label/,
    ],
    [
      'a column in other letters',
      'CREATE TABLE things (id TEXT PRIMARY KEY, Label TEXT, n INT)',
      /Label.*label/,
    ],
    [
      'no text key',
      'CREATE TABLE things (id INTEGER PRIMARY KEY, label TEXT, n INT)',
      /things.*id.*INTEGER/,
    ],
    [
      'a text column that makes numbers',
      'CREATE TABLE things (id TEXT PRIMARY KEY, label STRING, n INT)',
      /label.*STRING/,
    ],
    [
      'floats for integers',
      'CREATE TABLE things (id TEXT PRIMARY KEY, label TEXT, n DOUBLE)',
      /n .*DOUBLE/,
    ],
    [
      'a computed column',
      `CREATE TABLE things (id TEXT PRIMARY KEY, label TEXT AS (id), n INT)`,
      /label.*computed/,
    ],
    ['a view', 'CREATE VIEW things AS SELECT 1 AS id', /view/],
    [
      'keys that are not unique',
      `CREATE TABLE things (id TEXT, label TEXT, n INT); INSERT INTO things VALUES ('a', '', 0), ('a', '', 0)`,
      /same id/,
    ],
  ])(
    'refuses a table with %s by name, and leaves the database alone',
    async (_name, sql, message) => {
      const things = defineTable({
        name: 'things',
        columns: { id: key(), label: text(), n: integer() },
      });
      const { database, app } = await foreignDatabase(sql);
      const before = await app.all('SELECT name, sql FROM sqlite_schema');
      await expect(migrate(database, [things])).rejects.toMatchObject({
        code: 'schema_mismatch',
        message: expect.stringMatching(message) as string,
      });
      expect(await app.all('SELECT name, sql FROM sqlite_schema')).toEqual(before);
    },
  );

  it('makes a key unique where an adopted table has left it open', async () => {
    const things = defineTable({ name: 'things', columns: { id: key(), label: text() } });
    const { database, file } = await foreignDatabase(
      `CREATE TABLE things (id TEXT, label TEXT); INSERT INTO things VALUES ('a', 'x')`,
    );
    expect((await migrate(database, [things])).changed).toEqual(['things.id (unique index)']);
    const slave = await makeSlave([things], file);
    const row = { id: 'a', label: 'y' };
    expect(
      await slave.store.write((tx) => tx.applyRows([{ table: 'things', id: 'a', row }])),
    ).toEqual([]);
  });

  it('remakes triggers that are missing or differ, and removes those of tables no longer declared', async () => {
    const slave = await makeSlave();
    await slave.app.exec('DROP TRIGGER sync_capture_inventories_insert');
    await expect(verify(slave.database)).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('sync_capture_inventories_insert') as string,
    });
    await slave.app.exec(
      `CREATE TRIGGER sync_capture_inventories_insert AFTER INSERT ON inventories BEGIN SELECT 1; END`,
    );
    await expect(verify(slave.database)).rejects.toMatchObject({ code: 'schema_mismatch' });
    const without = tableDefinitions.filter(({ name }) => name !== 'sync_conflicts');
    const report = await migrate(slave.database, without);
    expect(report.changed.toSorted()).toEqual([
      'inventories (capture triggers)',
      'sync_conflicts (capture triggers)',
    ]);
    await slave.app.exec(insertInventory('i1'));
    expect(briefly(await slave.entries())).toEqual(['create i1']);
  });

  it('goes on syncing when the application adds a unique index, and uses it after the next migration', async () => {
    const slave = await makeSlave();
    await slave.app.exec('CREATE UNIQUE INDEX mine ON inventories (name)');
    await verify(slave.database);
    expect((await migrate(slave.database)).changed).toEqual(['inventories (capture triggers)']);
    await slave.app.exec(insertInventory('i1'));
    await slave.app.exec(insertInventory('i2', 'other', 'REPLACE'));
    expect(briefly(await slave.entries())).toEqual(['create i1', 'delete i1', 'create i2']);
  });

  it('refuses a database that a newer program has prepared', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`UPDATE sync_meta SET value = '99' WHERE key = 'schema_version'`);
    const newer = {
      code: 'storage_not_migrated',
      message: expect.stringContaining('99') as string,
    };
    await expect(migrate(slave.database)).rejects.toMatchObject(newer);
    await expect(verify(slave.database)).rejects.toMatchObject(newer);
  });

  it('names a table that has vanished', async () => {
    const slave = await makeSlave();
    await slave.app.exec('DROP TABLE inventory_adjustments');
    await expect(verify(slave.database)).rejects.toMatchObject({
      message: expect.stringContaining('inventory_adjustments') as string,
    });
  });

  it('P5 survives being killed at any statement of a migration', async () => {
    const { database, file, app } = await foreignDatabase(LARAVEL);
    const module = JSON.stringify(import.meta.resolve('./migrate-slave.ts'));
    const open = JSON.stringify(import.meta.resolve('../open-database.ts'));
    const registry = JSON.stringify(import.meta.resolve('../../../tables/registry.ts'));
    const core = JSON.stringify(import.meta.resolve('../../../core/table-registry.ts'));
    const script = `
      import { migrateSlave } from ${module}; import { openDatabase } from ${open};
      import { tableDefinitions } from ${registry}; import { registerTables } from ${core};
      const database = await openDatabase({ url: 'sqlite:' + process.argv[1], foreignKeys: 'off' });
      let left = Number(process.argv[2]);
      const die = (run) => (...rest) => { if (left-- === 0) process.kill(process.pid, 'SIGKILL'); return run(...rest); };
      const deadly = { ...database, write: (work) => database.write((sql) => work({ ...sql, run: die(sql.run), all: die(sql.all) })) };
      await migrateSlave(deadly, registerTables(tableDefinitions), { nowIso: '2026-01-01T00:00:00.000Z', randomId: () => 'r' });
      await database.close();`;
    for (const statement of [1, 25, 60]) {
      const run = promisify(execFile)(process.execPath, [
        '--input-type=module',
        '-e',
        script,
        file,
        String(statement),
      ]);
      await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' });
      const [check] = await app.all<{ integrity_check: string }>('PRAGMA integrity_check');
      expect(check?.integrity_check).toBe('ok');
      const [own] = await app.all<{ n: number }>(
        `SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'sync%'`,
      );
      expect(own?.n).toBe(0);
    }
    expect((await migrate(database)).adopted).toHaveLength(2);
  });

  it('is prepared once when two programs start at the same moment', async () => {
    const { database, file } = await foreignDatabase(LARAVEL);
    const other = await openSlaveDatabase(file);
    const reports = await Promise.all([migrate(database), migrate(other)]);
    expect(reports.flatMap(({ adopted }) => adopted)).toHaveLength(2);
    const slave = await makeSlave(tableDefinitions, file);
    expect(await slave.entries()).toHaveLength(3);
  });
});
