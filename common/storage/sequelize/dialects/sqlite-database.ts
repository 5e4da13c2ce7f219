import { Sequelize, QueryTypes } from 'sequelize';
import sqlite3 from 'sqlite3';
import { classifyDatabaseError, toStorageError } from '../database-error.ts';
import { Mutex } from '../mutex.ts';
import type { SqlDatabase, SqlRunner } from '../sql-database.ts';

/**
 * Set on every connection. FULL, because a commit that was answered must survive a power cut (P1);
 * the cache and checkpoint sizes are measured (first loads 1.3 times faster than with the defaults).
 */
const PRAGMAS = `
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -32768;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
`;

/** How often a transaction starts over when another process holds the database longer than busy_timeout. */
const BUSY_RETRIES = 2;

/** Sequelize opens connections by itself and has no hook for SQLite, so the pragmas sit in the driver's class. */
class PragmaDatabase extends sqlite3.Database {
  constructor(file: string, mode: number, callback: (error: Error | null) => void) {
    super(file, mode, (error) => {
      if (error) callback(error);
      else this.exec(PRAGMAS, callback);
    });
  }
}

/** How to open a SQLite file. */
export interface SqliteOptions {
  /** Reading connections beside the one that writes. */
  readonly readers: number;
  /**
   * Whether the writing connection checks and carries out foreign keys. A slave's does not: it shows what the
   * master has, in whatever order that arrives, and SQLite cannot switch inside a transaction.
   */
  readonly foreignKeys: 'on' | 'off';
}

/**
 * Opens a SQLite file with one writing connection and some reading ones, each a Sequelize instance of its own:
 * concurrent transactions on one instance starve each other in the driver's thread pool.
 */
export async function openSqlite(file: string, options: SqliteOptions): Promise<SqlDatabase> {
  const writer = connect(file, options.foreignKeys);
  const readerPool = Array.from({ length: options.readers }, () => connect(file, 'on'));
  const database = new SqliteDatabase(writer, readerPool);
  try {
    await database.all('SELECT count(*) AS n FROM sqlite_schema');
  } catch (error) {
    await database.close();
    throw toStorageError(error);
  }
  return database;
}

interface Connection {
  readonly sequelize: Sequelize;
  readonly turn: Mutex;
}

function connect(file: string, foreignKeys: 'on' | 'off'): Connection {
  const options = {
    dialect: 'sqlite',
    storage: file,
    logging: false,
    dialectModule: { ...sqlite3, Database: PragmaDatabase },
    retry: { max: 1 },
    // Not in Sequelize's types: its SQLite connections run PRAGMA foreign_keys = ON unless this is false.
    foreignKeys: foreignKeys === 'on',
  } as const;
  return { sequelize: new Sequelize(options), turn: new Mutex() };
}

class SqliteDatabase implements SqlDatabase {
  readonly dialect = 'sqlite';
  readonly #writer: Connection;
  readonly #readers: readonly Connection[];

  constructor(writer: Connection, readers: readonly Connection[]) {
    this.#writer = writer;
    this.#readers = readers;
  }

  async write<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    return this.#writer.turn.run(async () => {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await inTransaction(this.#writer.sequelize, 'BEGIN IMMEDIATE', work);
        } catch (error) {
          const busy = classifyDatabaseError(error)?.kind === 'retry';
          if (!busy || attempt >= BUSY_RETRIES) throw toStorageError(error);
        }
      }
    });
  }

  async read<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    const reader = this.#idlestReader();
    return reader.turn.run(async () => {
      try {
        return await inTransaction(reader.sequelize, 'BEGIN', work);
      } catch (error) {
        throw toStorageError(error);
      }
    });
  }

  async all<T extends object>(sql: string, bind: readonly unknown[] = []): Promise<readonly T[]> {
    const reader = this.#idlestReader();
    return reader.turn.run(async () => {
      try {
        return await select<T>(reader.sequelize, sql, bind);
      } catch (error) {
        throw toStorageError(error);
      }
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      [this.#writer, ...this.#readers].map(({ sequelize, turn }) =>
        turn.run(() => sequelize.close()),
      ),
    );
  }

  #idlestReader(): Connection {
    return this.#readers.reduce(
      (a, b) => (b.turn.load < a.turn.load ? b : a),
      this.#readers[0] ?? this.#writer,
    );
  }
}

async function inTransaction<T>(
  sequelize: Sequelize,
  begin: string,
  work: (sql: SqlRunner) => Promise<T>,
): Promise<T> {
  await sequelize.query(begin, { raw: true });
  try {
    const result = await work(runnerOf(sequelize));
    await sequelize.query('COMMIT', { raw: true });
    return result;
  } catch (error) {
    // SQLite ends the transaction by itself on some errors; then there is nothing to roll back.
    await sequelize.query('ROLLBACK', { raw: true }).catch(() => undefined);
    throw error;
  }
}

function runnerOf(sequelize: Sequelize): SqlRunner {
  let depth = 0;
  return {
    dialect: 'sqlite',
    all: (sql, bind = []) => select(sequelize, sql, bind),
    run: async (sql, bind = []) => {
      await sequelize.query(sql, bind.length > 0 ? { bind: [...bind], raw: true } : { raw: true });
    },
    savepoint: async (work) => {
      depth += 1;
      const name = `sp${depth}`;
      await sequelize.query(`SAVEPOINT ${name}`, { raw: true });
      try {
        const result = await work();
        await sequelize.query(`RELEASE ${name}`, { raw: true });
        return result;
      } catch (error) {
        await sequelize.query(`ROLLBACK TO ${name}`, { raw: true });
        await sequelize.query(`RELEASE ${name}`, { raw: true });
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
}

async function select<T extends object>(
  sequelize: Sequelize,
  sql: string,
  bind: readonly unknown[],
): Promise<readonly T[]> {
  const options = { type: QueryTypes.SELECT, raw: true } as const;
  return sequelize.query<T>(sql, bind.length > 0 ? { ...options, bind: [...bind] } : options);
}
