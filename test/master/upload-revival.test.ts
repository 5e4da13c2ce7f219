import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { uploadRevivalSuite } from './upload-revival.contract.ts';

describe('rows that come back on a SQLite master', () => {
  uploadRevivalSuite(createSqliteDatabase);
});
