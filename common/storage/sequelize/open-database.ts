import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openPostgres } from './dialects/postgres-database.ts';
import { openSqlite } from './dialects/sqlite-database.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Where a database is and how to use it. */
export interface DatabaseOptions {
  /** `postgres://...`, or `sqlite:` and a file's path. */
  readonly url: string;
  /** Connections to PostgreSQL; readers beside the one writer on SQLite. */
  readonly poolSize?: number;
  /** SQLite: whether writes check foreign keys; default on. A slave's store needs them off. */
  readonly foreignKeys?: 'on' | 'off';
}

/**
 * Opens a database. Files are made when missing, folders too; a PostgreSQL server is first asked when first used.
 *
 * @throws SyncError `storage_unavailable`, `storage_unwritable`, `storage_corrupt` (not a database).
 */
export async function openDatabase(options: DatabaseOptions): Promise<SqlDatabase> {
  if (/^postgres(ql)?:/.test(options.url)) {
    return openPostgres(options.url, options.poolSize ?? 10);
  }
  const file = options.url.replace(/^sqlite:(\/\/(?=\/))?/, '');
  mkdirSync(dirname(file), { recursive: true });
  return openSqlite(file, {
    readers: options.poolSize ?? 2,
    foreignKeys: options.foreignKeys ?? 'on',
  });
}
