import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { valuesSuite } from './values.contract.ts';

describe('values on a SQLite master', () => {
  valuesSuite(createSqliteDatabase);
});
