import { describe } from 'vitest';
import { describeMasterCrash } from './master-crash.ts';

describe('a master on SQLite', { timeout: 120_000 }, () =>
  describeMasterCrash(async () => Promise.resolve({})),
);
