import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { uploadRowsSuite } from './upload-rows.contract.ts';

describe('single rows of uploads on a PostgreSQL master', () => {
  uploadRowsSuite(emptyPostgresDatabase);
});
