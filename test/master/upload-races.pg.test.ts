import { describe, expect, test } from 'vitest';
import type { UploadAnswer } from '../../common/protocol/upload.ts';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { acceptUpload } from '../../master/sync/accept-upload.ts';
import {
  batchOf,
  countOf,
  createItem,
  createSale,
  moveItem,
  openSecondMaster,
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

describe('uploads that meet on a PostgreSQL master', () => {
  test('a new row whose key another transaction takes meanwhile is merged with that one', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.other.script(`BEGIN; ${insertItem('i1')}`);
    const upload = master.upload(
      A,
      batchOf(1, [createItem('i1', { location: 'L' }, { base_version: 0 }), createItem('i2')]),
    );
    await untilBlocked(master);
    await master.other.script('COMMIT');
    const answer = await upload;
    expect(answer.results.map(({ id, error }) => [id, error])).toEqual([
      ['i1', undefined],
      ['i2', undefined],
    ]);
    expect(answer.results[0]?.status).not.toBe('applied');
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ location: 'L' });
  });

  test('a new row whose key another transaction takes and gives up is applied', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.other.script(`BEGIN; ${insertItem('i1')}`);
    const upload = master.upload(A, batchOf(1, [createItem('i1', { name: 'a' })]));
    await untilBlocked(master);
    await master.other.script('ROLLBACK');
    expect(statusesOf(await upload)).toEqual(['applied']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'a' });
  });

  test('the same new rows from many slaves at once become one row each', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const second = await openSecondMaster(master);
    const records = Array.from({ length: 20 }, (_, n) =>
      createItem(`i${n}`, {}, { base_version: 0 }),
    );
    const answers = await Promise.all(
      ['A', 'B', 'C', 'D', 'E', 'F'].map((name, index) =>
        acceptUpload(
          index % 2 === 0 ? master.deps : second,
          slaveNamed(name),
          batchOf(1, index % 3 === 0 ? records : records.toReversed()),
        ),
      ),
    );
    for (const answer of answers) expect((JSON.parse(answer) as UploadAnswer).rejected).toBe(0);
    expect(await countOf(master.other, 'inventories')).toBe(20);
    expect(await master.head()).toBe(await countOf(master.other, 'sync_changes'));
  });

  test('F60 an upload that falls into a deadlock starts over and is applied', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.upload(A, batchOf(1, [createItem('i1'), createItem('i2')]));
    // The other session waits longer, so that the upload is the one that the database gives up.
    await master.other.script(
      "SET deadlock_timeout = '20s'; BEGIN; UPDATE inventories SET location = 'O' WHERE id = 'i2'",
    );
    const upload = master.upload(
      A,
      batchOf(3, [
        moveItem('i1', -1, { base_version: 2 }),
        moveItem('i2', -1, { base_version: 2 }),
      ]),
    );
    await untilBlocked(master);
    await master.other.script("UPDATE inventories SET location = 'O' WHERE id = 'i1'; COMMIT");
    expect(statusesOf(await upload)).toEqual(['merged', 'merged']);
    for (const id of ['i1', 'i2']) {
      const row = await rowOf(master.other, 'inventories', id);
      expect([row?.['location'], Number(row?.['quantity'])]).toEqual(['O', 9]);
    }
  });

  test('F60 uploads over the same rows in any order all succeed, and counters add up', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const second = await openSecondMaster(master);
    const ids = Array.from({ length: 8 }, (_, n) => `i${n}`);
    await master.upload(plain, { records: ids.map((id) => createItem(id, { quantity: 0 })) });
    const base = await master.head();
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    await Promise.all(
      names.map(async (name, index) => {
        const random = createSeededRandom(index);
        for (let turn = 0; turn < 10; turn += 1) {
          const sale = createSale(`${name}-${turn}`, random.pick(ids));
          const moves = random.shuffle(ids).map((id) => moveItem(id, 1, { base_version: base }));
          const records = random.shuffle([...moves, sale]);
          const batch = batchOf(1 + turn * records.length, records);
          const answer = await acceptUpload(
            random.chance(0.5) ? master.deps : second,
            slaveNamed(name),
            batch,
          );
          expect((JSON.parse(answer) as UploadAnswer).rejected).toBe(0);
        }
      }),
    );
    const rows = await master.other.all<{ quantity: string }>('SELECT quantity FROM inventories');
    expect(rows.map(({ quantity }) => Number(quantity))).toEqual(ids.map(() => 60));
    expect(await countOf(master.other, 'transactions')).toBe(60);
  });

  test('a row that others only refer to does not wait for their uploads', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.other.script(
      "BEGIN; INSERT INTO transactions (id, inventory_id, type, quantity, unit_price, total) VALUES ('t1', 'i1', 'sale', 1, 1, 1)",
    );
    const answer = await master.upload(
      B,
      batchOf(1, [updateOf('inventories', 'i1', { name: 'b' }, { base_version: 1 })]),
    );
    expect(statusesOf(answer)).toEqual(['applied']);
    await master.other.script('COMMIT');
  });

  test('F63 the master goes on after the database ends its connections', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.other.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tidewater-master'",
    );
    const batch = batchOf(2, [moveItem('i1', -1, { base_version: 1 })]);
    const codes: string[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const code = await master.upload(A, batch).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? String(error),
      );
      codes.push(code);
      if (code === 'done') break;
    }
    expect(codes.at(-1)).toBe('done');
    expect(codes.slice(0, -1).every((code) => code === 'storage_unavailable')).toBe(true);
    expect(Number((await rowOf(master.other, 'inventories', 'i1'))?.['quantity'])).toBe(9);
  });
});

/** Until a session of the master waits for a lock of another one. */
async function untilBlocked({ other }: TestMaster): Promise<void> {
  for (;;) {
    const [row] = await other.all<{ n: string }>(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tidewater-master' AND wait_event_type = 'Lock'",
    );
    if (Number(row?.n) > 0) return;
  }
}
