import sqlite3 from 'sqlite3';

/** A bare connection to a SQLite file, for locks and for watching; rows go through the store. */
export interface SqliteConnection {
  /** Runs statements whose results do not matter. */
  execute(sql: string): Promise<void>;
  /** First row of a query. */
  first(sql: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Rolls back what is open and closes; never rejects. */
  close(): Promise<void>;
}

/** How to open a file. */
export interface SqliteConnectionOptions {
  readonly path: string;
  readonly mode: 'read' | 'create';
  /** How long to wait for other connections; 0 refuses at once. */
  readonly busyTimeoutMs: number;
}

/** Opens a SQLite file. Rejects with the driver's error, see {@link sqliteCodeOf}. */
export async function openSqliteConnection(
  options: SqliteConnectionOptions,
): Promise<SqliteConnection> {
  const mode =
    options.mode === 'read' ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
  const database = await open(options.path, mode);
  database.configure('busyTimeout', options.busyTimeoutMs);
  return {
    execute: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, (error) => (error === null ? resolve() : reject(error)));
      }),
    first: (sql) =>
      new Promise((resolve, reject) => {
        database.get(sql, (error, row: Readonly<Record<string, unknown>> | undefined) =>
          error === null ? resolve(row) : reject(error),
        );
      }),
    close: () =>
      new Promise((resolve) => {
        database.close(() => resolve());
      }),
  };
}

/** SQLite's name of an error such as `SQLITE_BUSY`, the system's such as `EACCES`, or the error as text. */
export function sqliteCodeOf(thrown: unknown): string {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : String(thrown);
}

function open(path: string, mode: number): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database: sqlite3.Database = new sqlite3.Database(path, mode, (error) => {
      if (error === null) resolve(database);
      else reject(error);
    });
  });
}
