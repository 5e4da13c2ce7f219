import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { positionsSuite } from './positions.contract.ts';

describe('positions on a SQLite master', () => {
  positionsSuite(createSqliteDatabase);
});
