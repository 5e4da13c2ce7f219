import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { uploadOnceSuite } from './upload-once.contract.ts';

describe('exactly-once uploads on a PostgreSQL master', () => {
  uploadOnceSuite(emptyPostgresDatabase);
});
