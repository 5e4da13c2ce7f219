import { describe, expect, test } from 'vitest';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { digestOfSamples, valuesSuite } from './values.contract.ts';

describe('values on a PostgreSQL master', () => {
  valuesSuite(emptyPostgresDatabase);

  test('P13 VER1 the same rows have the same digest on both databases', async () => {
    expect(await digestOfSamples(emptyPostgresDatabase)).toBe(
      await digestOfSamples(createSqliteDatabase),
    );
  });
});
