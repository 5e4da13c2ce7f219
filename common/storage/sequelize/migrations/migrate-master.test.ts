import { describe, expect, test } from 'vitest';
import { tableDefinitions } from '../../../tables/registry.ts';
import { createSqliteDatabase } from '../../../testkit/sqlite.ts';
import { capturedTexts } from '../../contract/change-log.testkit.ts';
import {
  loggedEntries,
  migrate,
  migrateMasterContract,
  openGround,
} from '../../contract/migrate-master.contract.ts';

describe('migrateMaster on SQLite', () => {
  migrateMasterContract(createSqliteDatabase);

  test('an adopted table whose keys may be NULL neither stops its application nor the others', async () => {
    const { database, other } = await openGround(createSqliteDatabase);
    await other.script(`CREATE TABLE inventories (id varchar PRIMARY KEY, sku varchar UNIQUE, name varchar, description text,
      quantity integer DEFAULT 0, unit_price numeric, location varchar, created_at datetime, updated_at datetime);
      INSERT INTO inventories (id, sku, name) VALUES (NULL, 's0', 'n')`);
    await migrate(database);
    await other.run("INSERT INTO inventories (id, sku, name) VALUES (NULL, 's1', 'n')");
    await other.run("UPDATE inventories SET name = 'm' WHERE sku = 's1'");
    await other.run("DELETE FROM inventories WHERE sku = 's1'");
    await other.run(`INSERT INTO inventories (id, sku, name, unit_price, created_at, updated_at)
      VALUES ('i1', 's2', 'n', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')`);
    const entries = await loggedEntries(database, tableDefinitions);
    expect(entries.map(({ id, row }) => [id, row.ok]).at(-1)).toEqual(['i1', true]);
    expect(entries.slice(0, -1).every(({ row }) => !row.ok)).toBe(true);
  });

  test("rows that OR REPLACE pushes aside by an application's own unique key are captured", async () => {
    const { database, other } = await openGround(createSqliteDatabase);
    await other.script(`CREATE TABLE inventories (id varchar PRIMARY KEY NOT NULL, sku varchar UNIQUE, name varchar, description text,
      quantity integer DEFAULT 0, unit_price numeric, barcode varchar UNIQUE, location varchar, created_at datetime, updated_at datetime)`);
    await migrate(database);
    await other.run("INSERT INTO inventories (id, sku, barcode) VALUES ('i1', 's1', 'b')");
    await other.run(
      "INSERT OR REPLACE INTO inventories (id, sku, barcode) VALUES ('i2', 's2', 'b')",
    );
    expect(await capturedTexts(other)).toEqual(['create i1', 'delete i1', 'create i2']);
  });
});
