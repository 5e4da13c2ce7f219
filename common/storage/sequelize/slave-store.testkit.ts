import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { onTestFinished } from 'vitest';
import type { TableDefinition } from '../../core/table-definition.ts';
import { registerTables, type TableRegistry } from '../../core/table-registry.ts';
import { tableDefinitions } from '../../tables/registry.ts';
import { createFakeClock, type FakeClock } from '../../testkit/fake-clock.ts';
import { makeTempDir } from '../../testkit/temp-dir.ts';
import type { OutboxEntry, SlaveStore } from '../slave-store.ts';
import { migrateSlave } from './migrations/migrate-slave.ts';
import { openDatabase } from './open-database.ts';
import { createSlaveStore } from './slave-store.ts';
import type { SqlDatabase } from './sql-database.ts';

/** A connection as another application has it: the driver alone, without any of our settings. */
export interface AppConnection {
  exec(sql: string): Promise<void>;
  all<T = Record<string, unknown>>(sql: string, bind?: readonly unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** A slave's database with its parts; closed when the test ends. */
export interface TestSlave {
  readonly file: string;
  readonly backupsDir: string;
  readonly tables: TableRegistry;
  readonly clock: FakeClock;
  readonly database: SqlDatabase;
  readonly store: SlaveStore;
  readonly app: AppConnection;
  /** All entries of the outbox. */
  entries(): Promise<readonly OutboxEntry[]>;
}

/** Opens a connection to a file as another application would. */
export async function connectApp(file: string): Promise<AppConnection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  database.configure('busyTimeout', 10_000);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await new Promise<void>((resolve) => database.close(() => resolve()));
  };
  onTestFinished(close);
  return {
    exec: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, (error) => (error === null ? resolve() : reject(error)));
      }),
    all: <T>(sql: string, bind: readonly unknown[] = []) =>
      new Promise<T[]>((resolve, reject) => {
        database.all(sql, bind, (error, rows) =>
          error === null ? resolve(rows as T[]) : reject(error),
        );
      }),
    close,
  };
}

/** Opens a database as the slave does; closed when the test ends. */
export async function openSlaveDatabase(file: string): Promise<SqlDatabase> {
  const database = await openDatabase({ url: `sqlite:${file}`, foreignKeys: 'off' });
  onTestFinished(() => database.close());
  return database;
}

/** Makes and prepares a slave's database, or opens and prepares the one in `file`. */
export async function makeSlave(
  definitions: readonly TableDefinition[] = tableDefinitions,
  file = join(makeTempDir(), 'app.sqlite'),
): Promise<TestSlave> {
  const tables = registerTables(definitions);
  const clock = createFakeClock();
  const database = await openSlaveDatabase(file);
  await migrateSlave(database, tables, { nowIso: clock.nowIso(), randomId: () => 'incarnation-1' });
  const backupsDir = join(file, '..', 'backups');
  const store = createSlaveStore(database, tables, { databaseFile: file, backupsDir, clock });
  return {
    file,
    backupsDir,
    tables,
    clock,
    database,
    store,
    app: await connectApp(file),
    entries: () => store.read((tx) => tx.outbox(0, 100_000, Number.MAX_SAFE_INTEGER)),
  };
}

/** A canonical row of `inventories`. */
export function anInventory(overrides: Readonly<Record<string, string | number | null>> = {}) {
  const id = overrides['id'] ?? 'i1';
  return {
    id: 'i1',
    sku: `sku-${String(id)}`,
    name: 'Tea',
    description: null,
    quantity: 5,
    unit_price: '2.5000',
    location: null,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

/** `INSERT` of an inventory by plain SQL; `verb` may carry a conflict clause. */
export function insertInventory(id: string, sku = `sku-${id}`, verb = 'INSERT'): string {
  return `${verb} INTO inventories (id, sku, name, quantity, unit_price, created_at, updated_at)
    VALUES ('${id}', '${sku}', 'Tea', 5, 2.5, '2026-01-01 00:00:00', '2026-01-01 00:00:00')`;
}

/** Short form of entries: action, id and changed columns. */
export function briefly(entries: readonly OutboxEntry[]): readonly string[] {
  return entries.map(({ action, id, columns }) => [action, id, ...columns].join(' '));
}
