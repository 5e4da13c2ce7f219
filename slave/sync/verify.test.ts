import { expect, it } from 'vitest';
import { addToDigest, digestText, emptyDigest, rowDigestText } from '../../common/core/digest.ts';
import type { Row } from '../../common/core/table-definition.ts';
import { pageRecord } from './scripted-master.testkit.ts';
import { aRow, goods } from './sync-builders.testkit.ts';
import { openTestSlave, type TestSlave } from './test-slave.testkit.ts';
import { verifyWithMaster } from './verify.ts';

const signal = new AbortController().signal;
const rows = ['g1', 'g2', 'g3', 'g4'].map((id) => ({ ...aRow({ sku: id }), id }));

/** A synced slave whose master holds these rows, as far as digests tell. */
async function syncedSlave(masterRows: readonly Row[]): Promise<TestSlave> {
  const slave = await openTestSlave();
  slave.master.onDownload.push(() => ({
    records: rows.map((row) => pageRecord(row, 11)),
    position: 11,
  }));
  await slave.sync();
  const hashes = masterRows.map((row) => ({
    id: String(row['id']),
    digest: slave.deps.sha256(rowDigestText(goods, row)),
  }));
  const sum = hashes.reduce((digest, { digest: hash }) => addToDigest(digest, hash), emptyDigest);
  const answer = {
    table: 'goods',
    rows: hashes.length,
    digest: digestText(sum),
    unreadable: 0,
  };
  const others = slave.deps.tables.tables.filter((table) => table.name !== 'goods');
  slave.master.digest.answer = {
    position: 11,
    tables: [
      answer,
      ...others.map(({ name }) => ({
        table: name,
        rows: 0,
        digest: digestText(emptyDigest),
        unreadable: 0,
      })),
    ],
  };
  slave.master.digest.rows = {
    goods: hashes.map((row) => ({ ...row, digest: row.digest.slice(0, 16) })),
  };
  return slave;
}

it('VER1 says that both sides are equal when they are', async () => {
  const slave = await syncedSlave(rows);
  expect(await verifyWithMaster(slave.deps, signal)).toMatchObject({
    isComparable: true,
    isEqual: true,
    rejected: 0,
  });
});

it('lists which rows differ, page by page', async () => {
  const [first, , third, fourth] = rows;
  const slave = await syncedSlave([
    { ...first, name: 'Other' },
    { ...third },
    { ...fourth },
    aRow({ id: 'g5' }),
  ]);
  const report = await verifyWithMaster(slave.deps, signal);
  expect(report.isEqual).toBe(false);
  expect(report.tables.find((table) => table.table === 'goods')).toMatchObject({
    isEqual: false,
    isTruncated: false,
    differences: [
      { id: 'g1', kind: 'different' },
      { id: 'g2', kind: 'only_here' },
      { id: 'g5', kind: 'only_at_master' },
    ],
  });
});

it('does not compare while work is unsent or news are waiting', async () => {
  const slave = await syncedSlave(rows);
  slave.master.digest.answer = { ...slave.master.digest.answer, position: 12 };
  expect(await verifyWithMaster(slave.deps, signal)).toMatchObject({
    isComparable: false,
    isEqual: false,
    tables: [],
  });
  await slave.sql("UPDATE goods SET name = 'Mine' WHERE id = 'g1'");
  const report = await verifyWithMaster(slave.deps, signal);
  expect(report.obstacle).toContain('1 changes are unsent');
});
