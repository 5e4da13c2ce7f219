import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { uploadRevivalSuite } from './upload-revival.contract.ts';

describe('rows that come back on a PostgreSQL master', () => {
  uploadRevivalSuite(emptyPostgresDatabase);
});
