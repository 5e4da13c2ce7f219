import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { uploadRowsSuite } from './upload-rows.contract.ts';

describe('single rows of uploads on a SQLite master', () => {
  uploadRowsSuite(createSqliteDatabase);
});
