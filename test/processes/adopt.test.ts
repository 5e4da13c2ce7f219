import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { MasterFolder, SlaveFolder } from '../harness/processes.ts';

/** What a Laravel application's migrations make: other types, times without a zone, columns and tables of its own. */
const APPLICATION = `
  CREATE TABLE "migrations" ("id" integer primary key autoincrement not null, "migration" varchar not null, "batch" integer not null);
  CREATE TABLE "users" ("id" integer primary key autoincrement not null, "name" varchar not null, "email" varchar not null);
  CREATE TABLE "inventories" ("id" varchar not null, "sku" varchar not null, "name" varchar not null, "description" text,
    "quantity" integer not null default '0', "unit_price" numeric not null, "location" varchar, "shelf_note" varchar,
    "created_at" datetime, "updated_at" datetime, primary key ("id"));
  CREATE UNIQUE INDEX "inventories_sku_unique" on "inventories" ("sku");
  CREATE TABLE "transactions" ("id" varchar not null, "inventory_id" varchar not null, "type" varchar not null,
    "quantity" integer not null, "unit_price" numeric not null, "total" numeric not null, "reference" varchar,
    "occurred_at" datetime not null, "created_at" datetime, "updated_at" datetime,
    foreign key("inventory_id") references "inventories"("id"), primary key ("id"));
  INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
  INSERT INTO migrations (migration, batch) VALUES ('2026_01_01_000000_create_inventories_table', 1);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO inventories SELECT 'inv-' || i, 'sku-' || i, 'Ware ' || i, NULL, i, i + 0.25, 'A' || i, 'note ' || i,
      '2026-02-01 08:00:00', '2026-02-01 08:00:00' FROM n;
  INSERT INTO transactions SELECT 'tx-' || id, id, 'purchase', quantity, unit_price, round(quantity * unit_price, 4), NULL,
      '2026-02-01 09:30:00', created_at, updated_at FROM inventories;`;

const TABLES = ['migrations', 'users', 'inventories', 'transactions'];

it('an application with its own SQLite file keeps every row, and its rows reach the master and another slave', async () => {
  const master = new MasterFolder();
  const { url } = await master.serve();
  const file = join(makeTempDir(), 'database.sqlite');
  const application = await openForeignConnection(`sqlite:${file}`);
  await application.script(APPLICATION);
  const contents = async (): Promise<unknown> =>
    await Promise.all(TABLES.map((table) => application.all(`SELECT * FROM ${table} ORDER BY id`)));
  const before = await contents();

  const shop = new SlaveFolder({
    MASTER_URL: url,
    SLAVE_NAME: 'shop',
    DATABASE_URL: `sqlite:${file}`,
  });
  const migrated = await shop.json('db:migrate');
  expect(migrated).toMatchObject({
    exitCode: 0,
    adopted: [
      { table: 'inventories', rows: 300 },
      { table: 'transactions', rows: 300 },
    ],
  });
  expect(await contents()).toEqual(before);
  expect(await shop.json('db:migrate')).toMatchObject({ exitCode: 0, adopted: [] });
  expect(await shop.json('sync:status')).toMatchObject({ pending_records: 600 });
  expect(await shop.json('sync:run')).toMatchObject({
    exitCode: 0,
    pending: 0,
    rejected: 0,
    uploaded: { applied: 600 },
  });
  expect(await contents()).toEqual(before);

  const other = new SlaveFolder({ MASTER_URL: url, SLAVE_NAME: 'other' });
  await other.run('db:migrate');
  expect(await other.json('sync:run')).toMatchObject({
    exitCode: 0,
    downloaded: { records: 600, rejected: 0 },
  });
  expect(
    await other.query(
      "SELECT quantity, unit_price, created_at FROM inventories WHERE id = 'inv-7'",
    ),
  ).toEqual([{ quantity: 7, unit_price: 7.25, created_at: '2026-02-01T08:00:00.000Z' }]);

  // Captured from now on, in both directions, in the style that the application uses.
  await application.run("UPDATE inventories SET quantity = quantity - 2 WHERE id = 'inv-7'");
  await other.sql(`UPDATE inventories SET name = 'Renamed', updated_at = '2026-03-01T10:00:00.000Z' WHERE id = 'inv-8';
    DELETE FROM transactions WHERE id = 'tx-inv-9';`);
  for (const slave of [shop, other, shop]) {
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0, rejected: 0 });
  }
  expect(await other.query("SELECT quantity FROM inventories WHERE id = 'inv-7'")).toEqual([
    { quantity: 5 },
  ]);
  expect(
    await application.all(
      "SELECT name, shelf_note, updated_at FROM inventories WHERE id = 'inv-8'",
    ),
  ).toEqual([{ name: 'Renamed', shelf_note: 'note 8', updated_at: '2026-03-01 10:00:00' }]);
  expect(await application.all("SELECT id FROM transactions WHERE id = 'tx-inv-9'")).toEqual([]);
  expect(await application.all('SELECT * FROM users')).toHaveLength(1);
  for (const slave of [shop, other]) {
    expect(await slave.json('verify')).toMatchObject({ exitCode: 0, isEqual: true });
  }
  await application.close();
}, 120_000);
