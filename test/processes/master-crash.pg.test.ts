import { describe, onTestFinished } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { describeMasterCrash } from './master-crash.ts';

describe('a master on PostgreSQL', { timeout: 120_000 }, () =>
  describeMasterCrash(async () => {
    const { url, drop } = await createPostgresDatabase();
    onTestFinished(drop);
    return { DATABASE_URL: url };
  }),
);
