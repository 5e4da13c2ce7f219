import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { uploadMergeSuite } from './upload-merge.contract.ts';

describe('merging on a PostgreSQL master', () => {
  uploadMergeSuite(emptyPostgresDatabase);
});
