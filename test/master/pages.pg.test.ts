import { describe, expect, test } from 'vitest';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import { samples } from '../../common/storage/contract/sample-tables.testkit.ts';
import { createMasterReadTx, txContext } from '../../common/storage/sequelize/master-read.ts';
import { createMasterWriteTx } from '../../common/storage/sequelize/master-write.ts';
import type { SqlRunner } from '../../common/storage/sequelize/sql-database.ts';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { keysOf, openTestMaster, slaveNamed, type TestMaster } from './harness.ts';
import { pagesSuite } from './pages.contract.ts';
import { cursorAt } from './positions.contract.ts';

const B = slaveNamed('B');

describe('downloads from a PostgreSQL master', () => {
  pagesSuite(emptyPostgresDatabase);

  test('DOWN3 scenario 26: a transaction of 1,000 rows of plain SQL comes in one page', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.other.run(insertItem('before'));
    const inserts = Array.from({ length: 1000 }, (_, n) => insertItem(`t${n}`)).join('; ');
    await master.other.script(`BEGIN; ${inserts}; COMMIT`);
    await master.other.run(insertItem('after'));
    const pages = await master.pages(B, { cursor: await cursorAt(master, 0), limit: 100 });
    expect(pages.every(({ partial }) => partial === undefined)).toBe(true);
    const holding = pages.filter((page) => page.records.some(({ id }) => id.startsWith('t')));
    expect(holding.length).toBe(1);
    expect(pages.flatMap(({ records }) => records).length).toBe(1002);
  });

  test('DOWN3 a transaction beyond the hard limit comes in partial pages, the last of which is whole', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.other.run(`INSERT INTO inventories (id, sku, name, unit_price)
      SELECT 'i' || n, 's' || n, 'n', 1 FROM generate_series(1, 12000) n`);
    const pages = await master.pages(B, { cursor: await cursorAt(master, 0), limit: 5000 });
    expect(pages.map(({ records }) => records.length)).toEqual([10_000, 2000]);
    expect(pages.map(({ partial }) => partial)).toEqual([true, undefined]);
  });

  test('DOWN6 values that only PostgreSQL has are left out and logged', async () => {
    const master = await openTestMaster(emptyPostgresDatabase, { definitions: [samples] });
    await master.other.script(`INSERT INTO samples (id, price) VALUES ('a', 'NaN');
      INSERT INTO samples (id, seen_at) VALUES ('b', 'infinity'), ('c', '0044-03-15 12:00:00+00 BC'), ('d', '10000-01-03');
      INSERT INTO samples (id, code) VALUES ('e', '123456');
      INSERT INTO samples (id, doc) VALUES ('f', '"\\u0000"');
      INSERT INTO samples (id, label) VALUES ('z', 'good')`);
    for (const start of [{}, { cursor: await cursorAt(master, 0) }]) {
      const page = await master.download(B, start);
      expect(keysOf(page.records)).toEqual(['samples/z']);
    }
    expect(master.logLines.length).toBe(12);
  });

  test('pages of a large master read neither the table nor the change log as a whole', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await fill(master);
    const ids = Array.from({ length: 500 }, (_, n) => `i${n * 40}`);
    const statements = await statementsOf(master, ids);
    expect(statements.length).toBeGreaterThanOrEqual(8);
    for (const { sql, bind } of statements) {
      const plan = await master.other.all<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, bind);
      const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(lines, `${sql}\n${lines}`).not.toMatch(/Seq Scan on (inventories|sync_changes)/);
    }
  });
});

async function fill(master: TestMaster): Promise<void> {
  await master.other.script(`INSERT INTO inventories (id, sku, name, unit_price)
    SELECT 'i' || n, 's' || n, 'n', 1 FROM generate_series(1, 20000) n`);
  await master.head();
  await master.other.run('ANALYZE');
}

interface Statement {
  readonly sql: string;
  readonly bind: readonly unknown[];
}

/** What pages, uploads and numbering ask the database, outside of savepoints. */
async function statementsOf(
  { database, tables }: TestMaster,
  ids: readonly string[],
): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  const recording = (sql: SqlRunner): SqlRunner => ({
    ...sql,
    all: (text, bind = []) => {
      if (/FROM|UPDATE/.test(text)) statements.push({ sql: text, bind });
      return sql.all(text, bind);
    },
  });
  const names = tables.tables.map(({ name }) => name);
  await database.read(async (sql) => {
    const tx = createMasterReadTx(txContext(recording(sql), tables));
    await tx.logPage({ after: 10_000, limit: 1000, hardLimit: 10_000 }, names);
    await tx.logPage({ after: 19_900, limit: 1000, hardLimit: 10_000 }, names);
    await tx.snapshotPage('inventories', null, 501);
    await tx.snapshotPage('inventories', 'i15000', 501);
    await tx.markAtPosition(15_000);
    await tx.markAt('2026-01-31T12:00:00.000Z');
  });
  await database.write(async (sql) => {
    const tx = await createMasterWriteTx(txContext(recording(sql), tables));
    await tx.lockRows('inventories', ids);
    await tx.changesSince('inventories', ids, 5000);
    await tx.tombstones('inventories', ids);
    await tx.rowAt('inventories', 'i77', 15_000);
  });
  return statements;
}
