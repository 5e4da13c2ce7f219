import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { conflictsSuite } from './conflicts.ts';

describe('decisions about conflicts on a SQLite master', () => {
  conflictsSuite(createSqliteDatabase);
});
