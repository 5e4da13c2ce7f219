import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { conflictsSuite } from './conflicts.ts';

describe('decisions about conflicts on a PostgreSQL master', () => {
  conflictsSuite(emptyPostgresDatabase);
});
