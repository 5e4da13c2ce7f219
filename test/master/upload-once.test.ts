import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { uploadOnceSuite } from './upload-once.contract.ts';

describe('exactly-once uploads on a SQLite master', () => {
  uploadOnceSuite(createSqliteDatabase);
});
