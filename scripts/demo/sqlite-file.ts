import sqlite3 from 'sqlite3';

/** A value that SQL takes or gives. */
export type SqlValue = string | number | null;

/** One row of a result. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A statement that was compiled once and is run many times. */
export interface PreparedStatement {
  run(values: readonly SqlValue[]): Promise<void>;
  finalize(): Promise<void>;
}

/** A SQLite file, used as any program would use it: nothing here knows of sync. */
export interface SqliteFile {
  run(sql: string, values?: readonly SqlValue[]): Promise<void>;
  all(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  prepare(sql: string): Promise<PreparedStatement>;
  /** Runs the work in one transaction; nothing of it remains when it fails. */
  transaction(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

type Done<T = unknown> = (error: Error | null, result: T) => void;

/** Opens a file that exists. @throws Error of SQLite. */
export async function openSqliteFile(path: string, mode: 'read' | 'write'): Promise<SqliteFile> {
  const flags = mode === 'read' ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE;
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened: sqlite3.Database = new sqlite3.Database(path, flags, (error) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  database.configure('busyTimeout', 10_000);
  const run = (sql: string, values: readonly SqlValue[] = []): Promise<void> =>
    settle<unknown>((done) => void database.run(sql, [...values], done)).then(() => undefined);
  const file: SqliteFile = {
    run,
    all: (sql, values = []) =>
      settle<readonly SqlRow[]>((done) => void database.all<SqlRow>(sql, [...values], done)),
    prepare: async (sql) => {
      const statement = await new Promise<sqlite3.Statement>((resolve, reject) => {
        const made: sqlite3.Statement = database.prepare(sql, (error: Error | null) =>
          error === null ? resolve(made) : reject(error),
        );
      });
      return {
        run: (values) =>
          settle<unknown>((done) => void statement.run([...values], done)).then(() => undefined),
        finalize: () => new Promise((resolve) => statement.finalize(() => resolve())),
      };
    },
    transaction: async (work) => {
      await run('BEGIN IMMEDIATE');
      try {
        await work();
        await run('COMMIT');
      } catch (error) {
        await run('ROLLBACK');
        throw error;
      }
    },
    close: () =>
      settle<unknown>((done) => database.close((error) => done(error, null))).then(() => undefined),
  };
  if (mode === 'write') await run('PRAGMA foreign_keys = ON');
  return file;
}

function settle<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
