import { expect, test } from 'vitest';
import type { UploadRecord } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import {
  batchOf,
  countOf,
  createItem,
  deleteOf,
  moveItem,
  openTestMaster,
  plain,
  rowOf,
  slaveNamed,
  statusesOf,
  updateOf,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');
const C = slaveNamed('C');
const at = (hour: number) => ({ base_version: 1, changed_at: `2026-01-01T${hour}:00:00.000Z` });
const item = (
  data: Readonly<Record<string, unknown>>,
  rest: Partial<UploadRecord> = at(12),
): UploadRecord => updateOf('inventories', 'i1', data, rest);

/** What merging must be told of former changes: of rows that came back, of own changes and of counts. */
export function uploadRevivalSuite(createDatabase: CreateDatabase): void {
  const withItem = async (): Promise<TestMaster> => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    return master;
  };
  const quantityOf = async ({ other }: TestMaster): Promise<number> =>
    Number((await rowOf(other, 'inventories', 'i1'))?.['quantity']);

  test('MERGE5 the sales of two shops both count, though the row was deleted meanwhile', async () => {
    const master = await withItem();
    await master.other.run("DELETE FROM inventories WHERE id = 'i1'");
    const a = await master.upload(A, batchOf(2, [moveItem('i1', -3, at(11))]));
    const b = await master.upload(B, batchOf(1, [moveItem('i1', -2, at(11))]));
    expect([...statusesOf(a), ...statusesOf(b)]).toEqual(['conflict', 'merged']);
    expect(await quantityOf(master)).toBe(5);
    expect(await countOf(master.other, 'sync_conflicts')).toBe(1);
  });

  test('MERGE6 a row made anew is another row, which sales of the former one do not touch', async () => {
    const master = await withItem();
    await master.other.run("DELETE FROM inventories WHERE id = 'i1'");
    await master.upload(C, batchOf(1, [createItem('i1', { quantity: 100 })]));
    const a = await master.upload(A, batchOf(2, [moveItem('i1', -3, at(11))]));
    expect(statusesOf(a)).toEqual(['conflict']);
    expect(await quantityOf(master)).toBe(100);
  });

  test.each([
    ['one batch', 1],
    ['two batches', 2],
  ])('P18 two changes of one column in %s meet a foreign one once', async (_what, batches) => {
    const master = await withItem();
    await master.upload(B, batchOf(1, [item({ name: 'theirs' }, at(10))]));
    const mine = [item({ name: 'first' }, at(11)), item({ name: 'second' }, at(12))];
    if (batches === 1) await master.upload(A, batchOf(2, mine));
    else {
      for (const [index, change] of mine.entries()) {
        await master.upload(A, batchOf(2 + index, [change]));
      }
    }
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'second' });
    expect(await countOf(master.other, 'sync_conflicts')).toBe(1);
  });

  test('PLAIN1 P4 an update behind a delete of the same batch revives nothing', async () => {
    const master = await withItem();
    const { data = {} } = createItem('i1');
    const answer = await master.upload(plain, {
      records: [deleteOf('inventories', 'i1'), updateOf('inventories', 'i1', data)],
    });
    expect(statusesOf(answer)).toEqual(['applied', 'row_deleted']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toBeUndefined();
  });

  test('MERGE4 a count is no movement, whatever else its batch does to the row', async () => {
    const master = await withItem();
    await master.upload(
      B,
      batchOf(1, [item({ quantity: 50 }, at(10)), item({ name: 'x' }, at(14))]),
    );
    await master.upload(A, batchOf(2, [item({ quantity: 40 }, at(12))]));
    expect(await quantityOf(master)).toBe(40);
  });
}
