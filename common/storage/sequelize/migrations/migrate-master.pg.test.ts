import { describe, expect, test } from 'vitest';
import { defineTable, json, key, text } from '../../../core/table-definition.ts';
import { registerTables } from '../../../core/table-registry.ts';
import { tableDefinitions } from '../../../tables/registry.ts';
import { emptyPostgresDatabase } from '../../../testkit/empty-postgres.ts';
import { capturedTexts, insertItem } from '../../contract/change-log.testkit.ts';
import {
  migrate,
  migrateMasterContract,
  openGround,
} from '../../contract/migrate-master.contract.ts';
import { createMasterReadTx, txContext } from '../master-read.ts';
import { createMasterStore } from '../master-store.ts';
import { verifyMasterSchema } from './migrate-master.ts';

describe('migrateMaster on PostgreSQL', () => {
  migrateMasterContract(emptyPostgresDatabase);

  test('columns that would round values are widened, with as many digits before the point as before', async () => {
    const { database, other } = await openGround(emptyPostgresDatabase);
    await other.run(`CREATE TABLE inventories (id varchar(36) PRIMARY KEY, sku text, name text, description text, quantity integer,
      unit_price numeric(12,1), location text, created_at timestamp(0) with time zone, updated_at timestamp(6))`);
    await other.run(
      "INSERT INTO inventories VALUES ('i1', 's', 'n', null, 1, 12345678901.5, null, '2026-01-01 00:00:00+00', '2026-01-01')",
    );
    expect((await migrate(database)).changed).toEqual([
      'inventories.unit_price',
      'inventories.created_at',
    ]);
    const [row] = await other.all<{ unit_price: string }>('SELECT unit_price FROM inventories');
    expect(row?.unit_price).toBe('12345678901.5000');
    expect((await migrate(database)).changed).toEqual([]);
  });

  test('columns that would change values otherwise are refused by name', async () => {
    const { database, other } = await openGround(emptyPostgresDatabase);
    const tables = [defineTable({ name: 'shops', columns: { id: key(), doc: json() } })];
    for (const [columns, name] of [
      ['id uuid PRIMARY KEY, doc json', 'id'],
      ['id char(36) PRIMARY KEY, doc json', 'id'],
      ['id text PRIMARY KEY, doc jsonb', 'doc'],
    ] as const) {
      await other.script(`DROP TABLE IF EXISTS shops; CREATE TABLE shops (${columns})`);
      await expect(migrate(database, tables)).rejects.toMatchObject({
        code: 'schema_mismatch',
        message: expect.stringContaining(`column ${name} is`),
      });
    }
  });

  test('pages of an adopted table come in byte order and by an index, whatever its collation', async () => {
    const { database, other } = await openGround(emptyPostgresDatabase);
    await other.script(`CREATE TABLE notes (id varchar(36) PRIMARY KEY, body text NOT NULL);
      INSERT INTO notes SELECT CASE WHEN n % 2 = 0 THEN 'a' ELSE 'B' END || n, 'x' FROM generate_series(1, 20000) n`);
    const tables = [defineTable({ name: 'notes', columns: { id: key(), body: text() } })];
    await migrate(database, tables);
    await other.run('ANALYZE');
    const registry = registerTables(tables);
    const store = createMasterStore(database, registry);
    const page = await store.read((tx) => tx.snapshotPage('notes', 'B99998', 3));
    expect(page.map(({ id }) => id)).toEqual(['a10', 'a100', 'a1000']);
    let statement: { readonly sql: string; readonly bind: readonly unknown[] } | undefined;
    await database.read(async (sql) => {
      const recording = {
        ...sql,
        all: <T extends object>(text: string, bind: readonly unknown[] = []) => {
          statement = { sql: text, bind };
          return sql.all<T>(text, bind);
        },
      };
      await createMasterReadTx(txContext(recording, registry)).snapshotPage('notes', 'a2', 100);
    });
    const plan = await other.all(`EXPLAIN ${statement?.sql}`, statement?.bind);
    expect(JSON.stringify(plan)).not.toMatch(/Seq Scan on (notes|sync_changes)|Sort/);
  });

  test('a trigger that was switched off is found, and switched on again', async () => {
    const { database, other } = await openGround(emptyPostgresDatabase);
    await migrate(database);
    await other.run('ALTER TABLE inventories DISABLE TRIGGER ALL');
    await expect(
      verifyMasterSchema(database, registerTables(tableDefinitions)),
    ).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    await migrate(database);
    await verifyMasterSchema(database, registerTables(tableDefinitions));
    await other.run(insertItem('i1'));
    expect(await capturedTexts(other)).toEqual(['create i1']);
  });
});
