import { describe, onTestFinished } from 'vitest';
import { createPostgresDatabase } from '../../testkit/postgres.ts';
import { tokenStoreContract } from '../contract/token-store.contract.ts';
import { masterSchema } from './migrations/master-schema.ts';
import { openDatabase } from './open-database.ts';
import { createSqlTokenStore } from './token-store.ts';

describe('createSqlTokenStore on PostgreSQL', () => {
  tokenStoreContract(async () => {
    const server = await createPostgresDatabase();
    onTestFinished(() => server.drop());
    const database = await openDatabase({ url: server.url });
    onTestFinished(() => database.close());
    await database.write(async (sql) => {
      for (const statement of masterSchema('postgres')) await sql.run(statement);
    });
    return createSqlTokenStore(database);
  });
});
