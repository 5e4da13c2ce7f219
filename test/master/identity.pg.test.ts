import { describe } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { identitySuite } from './identity.contract.ts';

describe('identity on a PostgreSQL master', () => {
  identitySuite(emptyPostgresDatabase);
});
