import pg from 'pg';
import sqlite3 from 'sqlite3';

/** A connection as any other program has one: the bare driver, nothing of the product. Parameters are `$1`, `$2`... */
export interface ForeignConnection {
  readonly dialect: 'sqlite' | 'postgres';
  /** Runs one statement. */
  run(sql: string, bind?: readonly unknown[]): Promise<void>;
  /** Rows of one query. */
  all<T extends object>(sql: string, bind?: readonly unknown[]): Promise<readonly T[]>;
  /** Runs statements separated by semicolons. */
  script(sql: string): Promise<void>;
  /** The driver's client, for what SQL text alone cannot do; absent on SQLite. */
  readonly client?: pg.Client;
  close(): Promise<void>;
}

/** Connects with `pg` or `sqlite3` alone; on SQLite with foreign keys on, as most programs have them. */
export async function openForeignConnection(url: string): Promise<ForeignConnection> {
  return url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : openPostgres(url);
}

async function openPostgres(url: string): Promise<ForeignConnection> {
  const client = new pg.Client({ connectionString: url });
  // A test that drops its database ends this connection; that is no failure.
  client.on('error', () => undefined);
  await client.connect();
  return {
    dialect: 'postgres',
    client,
    run: async (sql, bind = []) => {
      await client.query(sql, [...bind]);
    },
    all: async <T extends object>(sql: string, bind: readonly unknown[] = []) =>
      (await client.query<T>(sql, [...bind])).rows,
    script: async (sql) => {
      await client.query(sql);
    },
    close: () => client.end(),
  };
}

async function openSqlite(file: string): Promise<ForeignConnection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened: sqlite3.Database = new sqlite3.Database(file, (error) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  const connection: ForeignConnection = {
    dialect: 'sqlite',
    run: (sql, bind = []) =>
      new Promise((resolve, reject) => {
        database.run(sql, [...bind], (error) => (error === null ? resolve() : reject(error)));
      }),
    all: <T extends object>(sql: string, bind: readonly unknown[] = []) =>
      new Promise<readonly T[]>((resolve, reject) => {
        database.all<T>(sql, [...bind], (error, rows) =>
          error === null ? resolve(rows) : reject(error),
        );
      }),
    script: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, (error) => (error === null ? resolve() : reject(error)));
      }),
    close: () =>
      new Promise((resolve, reject) => {
        database.close((error) => (error === null ? resolve() : reject(error)));
      }),
  };
  await connection.script('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000');
  return connection;
}
