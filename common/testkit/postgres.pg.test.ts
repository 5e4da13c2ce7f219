import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createPostgresDatabase, type PostgresDatabase } from './postgres.ts';

const databases: PostgresDatabase[] = [];

async function makeDatabase(): Promise<PostgresDatabase> {
  const database = await createPostgresDatabase();
  databases.push(database);
  return database;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>({ text: statement });
    return result.rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

describe('createPostgresDatabase', () => {
  it('gives every caller an empty database of its own', async () => {
    const [one, other] = await Promise.all([makeDatabase(), makeDatabase()]);
    await query(one.url, 'CREATE TABLE marks (id int)');
    const countTables = "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'";
    expect(await query(one.url, countTables)).toEqual([1]);
    expect(await query(other.url, countTables)).toEqual([0]);
  });

  it('is real PostgreSQL 18 in UTF-8 with a collation that is not byte order', async () => {
    const { url } = await makeDatabase();
    expect(await query(url, "SELECT current_setting('server_version_num')::int / 10000")).toEqual([
      18,
    ]);
    expect(await query(url, 'SHOW server_encoding')).toEqual(['UTF8']);
    expect(await query(url, `SELECT 'a' < 'B', 'a' < 'B' COLLATE "C" AS bytes`)).toEqual([
      true,
      false,
    ]);
  });

  it('drops a database that still has connections, and takes a second drop', async () => {
    const database = await makeDatabase();
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    await database.drop();
    await expect(query(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });
});
