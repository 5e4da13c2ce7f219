import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { uploadMergeSuite } from './upload-merge.contract.ts';

describe('merging on a SQLite master', () => {
  uploadMergeSuite(createSqliteDatabase);
});
