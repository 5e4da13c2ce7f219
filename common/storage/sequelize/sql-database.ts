/** Names of the SQL dialects. */
export type DialectName = 'sqlite' | 'postgres';

/** Runs SQL inside one transaction. Parameters are `$1`, `$2`... in both dialects. */
export interface SqlRunner {
  readonly dialect: DialectName;
  /** Rows of a query, as plain objects. */
  all<T extends object>(sql: string, bind?: readonly unknown[]): Promise<readonly T[]>;
  /** Runs a statement whose result does not matter. */
  run(sql: string, bind?: readonly unknown[]): Promise<void>;
  /** Runs `work`; what it did is undone when it throws, and the error goes on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * An open database behind Sequelize. Write transactions of one process run one after the other on SQLite
 * (concurrent ones starve each other in the driver's thread pool); PostgreSQL runs them in its pool.
 */
export interface SqlDatabase {
  readonly dialect: DialectName;
  /** One write transaction (SQLite: IMMEDIATE), committed when `work` settles; retried when the database asks for it. */
  write<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
  /** One snapshot (SQLite: deferred transaction, PostgreSQL: REPEATABLE READ, read only). */
  read<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
  /** One statement outside a transaction. */
  all<T extends object>(sql: string, bind?: readonly unknown[]): Promise<readonly T[]>;
  close(): Promise<void>;
}
