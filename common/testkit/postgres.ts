import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the maintenance database of the test run's PostgreSQL server. */
    postgresAdminUrl: string;
  }
}

/** An empty database for one test file or one test. */
export interface PostgresDatabase {
  /** `postgres://` URL with user and password. */
  readonly url: string;
  /** Removes the database, ending connections that are still open. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database on the test run's PostgreSQL server. Only for `*.pg.test.ts` files: other tests have no
 * server. The server's time zone is not UTC and its default collation is not byte order, on purpose.
 */
export async function createPostgresDatabase(): Promise<PostgresDatabase> {
  const adminUrl = inject('postgresAdminUrl');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
