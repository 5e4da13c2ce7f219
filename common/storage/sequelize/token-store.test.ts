import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { makeTempDir } from '../../testkit/temp-dir.ts';
import { tokenStoreContract } from '../contract/token-store.contract.ts';
import { masterSchema } from './migrations/master-schema.ts';
import { openDatabase } from './open-database.ts';
import { createSqlTokenStore } from './token-store.ts';

describe('createSqlTokenStore on SQLite', () => {
  tokenStoreContract(async () => {
    const database = await openDatabase({ url: `sqlite:${join(makeTempDir(), 'master.sqlite')}` });
    onTestFinished(() => database.close());
    await database.write(async (sql) => {
      for (const statement of masterSchema('sqlite')) await sql.run(statement);
    });
    return createSqlTokenStore(database);
  });
});
