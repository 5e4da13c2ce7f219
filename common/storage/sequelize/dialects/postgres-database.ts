import { QueryTypes, Sequelize, Transaction } from 'sequelize';
import { classifyDatabaseError, toStorageError } from '../database-error.ts';
import type { SqlDatabase, SqlRunner } from '../sql-database.ts';

/** Deadlocks and serialisation failures start over this often before the slave is asked to come back. */
const RETRIES = 5;

const SESSION = {
  application_name: 'tidewater-master',
  statement_timeout: 120_000,
  idle_in_transaction_session_timeout: 120_000,
  lock_timeout: 30_000,
};

/** Opens a pool of connections to PostgreSQL; the first query connects. */
export function openPostgres(url: string, poolSize: number): SqlDatabase {
  const sequelize = new Sequelize(url, {
    dialect: 'postgres',
    logging: false,
    pool: { max: poolSize, acquire: 5_000, idle: 10_000 },
    dialectOptions: SESSION,
    retry: { max: 1 },
  });
  return new PostgresDatabase(sequelize);
}

class PostgresDatabase implements SqlDatabase {
  readonly dialect = 'postgres';
  readonly #sequelize: Sequelize;

  constructor(sequelize: Sequelize) {
    this.#sequelize = sequelize;
  }

  async write<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#transaction(Transaction.ISOLATION_LEVELS.READ_COMMITTED, work);
      } catch (error) {
        const again = classifyDatabaseError(error)?.kind === 'retry';
        if (!again || attempt >= RETRIES) throw toStorageError(error);
      }
    }
  }

  async read<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    try {
      return await this.#transaction(Transaction.ISOLATION_LEVELS.REPEATABLE_READ, async (sql) => {
        await sql.run('SET TRANSACTION READ ONLY');
        return work(sql);
      });
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async all<T extends object>(sql: string, bind: readonly unknown[] = []): Promise<readonly T[]> {
    try {
      const options = { type: QueryTypes.SELECT, raw: true } as const;
      return await this.#sequelize.query<T>(
        sql,
        bind.length > 0 ? { ...options, bind: [...bind] } : options,
      );
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async close(): Promise<void> {
    await this.#sequelize.close();
  }

  #transaction<T>(
    isolationLevel: Transaction.ISOLATION_LEVELS,
    work: (sql: SqlRunner) => Promise<T>,
  ): Promise<T> {
    return this.#sequelize.transaction({ isolationLevel }, (transaction) =>
      work(runnerOf(this.#sequelize, transaction)),
    );
  }
}

function runnerOf(sequelize: Sequelize, transaction: Transaction): SqlRunner {
  let depth = 0;
  const run = async (sql: string, bind: readonly unknown[] = []): Promise<void> => {
    await sequelize.query(
      sql,
      bind.length > 0 ? { bind: [...bind], raw: true, transaction } : { raw: true, transaction },
    );
  };
  return {
    dialect: 'postgres',
    run,
    all: (sql, bind = []) => {
      const options = { type: QueryTypes.SELECT, raw: true, transaction } as const;
      return sequelize.query(sql, bind.length > 0 ? { ...options, bind: [...bind] } : options);
    },
    savepoint: async (work) => {
      depth += 1;
      const name = `sp${depth}`;
      await run(`SAVEPOINT ${name}`);
      try {
        const result = await work();
        await run(`RELEASE SAVEPOINT ${name}`);
        return result;
      } catch (error) {
        await run(`ROLLBACK TO SAVEPOINT ${name}`);
        await run(`RELEASE SAVEPOINT ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
}
