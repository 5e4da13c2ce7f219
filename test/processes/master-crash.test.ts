import { describe } from 'vitest';
import { describeMasterCrash } from './master-crash.ts';

describe('a master on SQLite', () => describeMasterCrash(async () => Promise.resolve({})));
