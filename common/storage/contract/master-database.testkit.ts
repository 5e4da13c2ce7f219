import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { TableDefinition } from '../../core/table-definition.ts';
import { registerTables, type TableRegistry } from '../../core/table-registry.ts';
import { tableDefinitions } from '../../tables/registry.ts';
import { openForeignConnection, type ForeignConnection } from '../../testkit/foreign-connection.ts';
import type { MasterStore } from '../master-store.ts';
import { createMasterStore } from '../sequelize/master-store.ts';
import { migrateMaster } from '../sequelize/migrations/migrate-master.ts';
import { openDatabase } from '../sequelize/open-database.ts';
import type { SqlDatabase } from '../sequelize/sql-database.ts';

/** Makes an empty database; called within a test. */
export type CreateDatabase = () => Promise<{ readonly url: string; drop(): Promise<void> }>;

/** A prepared master's database, with everything closed and removed when the test ends. */
export interface MasterDatabase {
  readonly url: string;
  readonly database: SqlDatabase;
  readonly store: MasterStore;
  readonly tables: TableRegistry;
  /** Another program's connection. */
  connect(): Promise<ForeignConnection>;
  /** Another master's store on the same database. */
  openStore(): Promise<MasterStore>;
}

/** Random text of 128 bit. */
export const randomId = (): string => randomBytes(16).toString('hex');

/** What a test may want otherwise. */
export interface MasterDatabaseOptions {
  /** Beside the product's tables. */
  readonly definitions?: readonly TableDefinition[];
  /** What another application did to the database before it was prepared. */
  readonly prepare?: (connection: ForeignConnection) => Promise<void>;
}

/** Makes and prepares a database. */
export async function openMasterDatabase(
  createDatabase: CreateDatabase,
  options: MasterDatabaseOptions = {},
): Promise<MasterDatabase> {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const tables = registerTables([...tableDefinitions, ...(options.definitions ?? [])]);
  const database = await openTestDatabase(url);
  if (options.prepare !== undefined) {
    const connection = await openForeignConnection(url);
    await options.prepare(connection);
    await connection.close();
  }
  await migrateMaster(database, tables, { nowIso: '2026-01-01T00:00:00.000Z', randomId });
  return {
    url,
    database,
    tables,
    store: createMasterStore(database, tables),
    connect: async () => {
      const connection = await openForeignConnection(url);
      onTestFinished(() => connection.close());
      return connection;
    },
    openStore: async () => createMasterStore(await openTestDatabase(url), tables),
  };
}

/** Opens a database that is closed when the test ends. */
export async function openTestDatabase(url: string): Promise<SqlDatabase> {
  const database = await openDatabase({ url });
  onTestFinished(() => database.close());
  return database;
}
