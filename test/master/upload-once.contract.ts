import { expect, test } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import type { UploadAnswer, UploadRequest } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { acceptUpload } from '../../master/sync/accept-upload.ts';
import {
  batchOf,
  countOf,
  createItem,
  createSale,
  deleteOf,
  moveItem,
  openTestMaster,
  plain,
  rowOf,
  slaveNamed,
  statusesOf,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

/** What an upload was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<SyncError> {
  const thrown: unknown = await work.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  );
  if (thrown instanceof SyncError) return thrown;
  throw thrown;
}

/** Exactly-once uploads on either database (P2); call it within a `describe`. */
export function uploadOnceSuite(createDatabase: CreateDatabase): void {
  const open = async (): Promise<TestMaster> => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    return master;
  };
  const quantity = async (master: TestMaster): Promise<number> =>
    Number((await rowOf(master.other, 'inventories', 'i1'))?.['quantity']);

  test('P2 ONCE2 scenario 6 and 8: a repeated batch gets the same answer, byte for byte, and has one effect', async () => {
    const master = await open();
    const batch = batchOf(2, [moveItem('i1', -3, { base_version: 1 }), createItem('i2')]);
    const first = await acceptUpload(master.deps, A, batch);
    master.clock.advance(60_000);
    expect(await acceptUpload(master.deps, A, batch)).toBe(first);
    expect(await acceptUpload(master.deps, A, batch)).toBe(first);
    expect(await quantity(master)).toBe(7);
    expect(await master.head()).toBe(3);
  });

  test('P2 B55: the same batch from five connections at once has one effect and one answer', async () => {
    const master = await open();
    const second = { ...master.deps, store: await master.openStore() };
    const batch = batchOf(2, [
      moveItem('i1', -3, { base_version: 1 }),
      createItem('i2'),
      createItem('bad', { name: null }),
    ]);
    const answers = await Promise.all(
      [0, 1, 2, 3, 4].map((n) => acceptUpload(n % 2 === 0 ? master.deps : second, A, batch)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await quantity(master)).toBe(7);
    expect(await countOf(master.other, 'inventories')).toBe(2);
  });

  test("PLAIN2 P2: so has a plain client's batch with an id", async () => {
    const master = await open();
    const second = { ...master.deps, store: await master.openStore() };
    const batch: UploadRequest = {
      records: [moveItem('i1', -3), createItem('p1')],
      batch_id: 'morning',
    };
    const answers = await Promise.all(
      [0, 1, 2, 3, 4].map((n) => acceptUpload(n % 2 === 0 ? master.deps : second, plain, batch)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await quantity(master)).toBe(7);
    const other = { records: [moveItem('i1', -4)], batch_id: 'morning' };
    expect((await refusalOf(master.upload(plain, other))).code).toBe('batch_id_reused');
    // The id is the client's own: another one may use it for something else.
    expect(statusesOf(await master.upload({ name: 'till', slave: null }, other))).toEqual([
      'applied',
    ]);
    expect(await quantity(master)).toBe(3);
  });

  test('P2 a batch that comes split, merged or overlapping has its effect once', async () => {
    const master = await open();
    const moves = [1, 2, 4, 8].map((n) => moveItem('i1', n, { base_version: 1 }));
    await master.upload(A, batchOf(2, moves.slice(0, 3)));
    const split = await master.upload(A, batchOf(2, moves.slice(0, 1), { batch_id: 'x1' }));
    expect(statusesOf(split)).toEqual(['duplicate']);
    const merged = await master.upload(A, batchOf(2, moves, { batch_id: 'x2' }));
    expect(statusesOf(merged)).toEqual(['duplicate', 'duplicate', 'duplicate', 'applied']);
    expect(
      statusesOf(await master.upload(A, batchOf(3, moves.slice(1), { batch_id: 'x3' }))),
    ).toEqual(['duplicate', 'duplicate', 'duplicate']);
    expect(await quantity(master)).toBe(25);
  });

  test('P2 F24: an old batch that arrives after newer ones changes nothing', async () => {
    const master = await open();
    const base = { base_version: 1 };
    const old = batchOf(2, [{ ...createItem('i2'), ...base }]);
    const answer = await acceptUpload(master.deps, A, old);
    await master.upload(A, batchOf(3, [deleteOf('inventories', 'i2', base)]));
    expect(await acceptUpload(master.deps, A, old)).toBe(answer);
    expect(await rowOf(master.other, 'inventories', 'i2')).toBeUndefined();
  });

  test('ONCE2 ONCE3 a repeated operation that was rejected is still rejected, with its reason', async () => {
    const master = await open();
    const records = [createItem('i2'), createItem('i3', { name: null }), createSale('t1', 'none')];
    const first = await master.upload(A, batchOf(2, records));
    expect(statusesOf(first)).toEqual(['applied', 'row_not_null', 'row_foreign_key']);
    const again = await master.upload(
      A,
      batchOf(2, [...records, createItem('i4')], { batch_id: 'z' }),
    );
    expect(statusesOf(again)).toEqual(['duplicate', 'row_not_null', 'row_foreign_key', 'applied']);
    expect([again.accepted, again.rejected]).toEqual([2, 2]);
  });

  test('ONCE2 scenario 9: a known operation with other content is slave_rewound', async () => {
    const master = await open();
    await master.upload(A, batchOf(2, [createItem('i2'), createItem('i3')]));
    const other = batchOf(2, [createItem('i2'), createItem('i9')], { batch_id: 'other' });
    const refusal = await refusalOf(master.upload(A, other));
    expect([refusal.code, refusal.details]).toEqual(['slave_rewound', { operation: 3 }]);
    expect(await rowOf(master.other, 'inventories', 'i9')).toBeUndefined();
  });

  test('ONCE2 scenario 10: a gap names the operation that was expected, and nothing is applied', async () => {
    const master = await open();
    const refusal = await refusalOf(master.upload(A, batchOf(3, [createItem('i3')])));
    expect([refusal.code, refusal.details]).toEqual(['sequence_gap', { expected_op: 2 }]);
    const inside = { ...batchOf(2, [createItem('i2'), createItem('i3')]) };
    const holed = { ...inside, records: [inside.records[0], { ...createItem('i3'), op: 4 }] };
    expect((await refusalOf(master.upload(A, holed))).details).toEqual({ expected_op: 3 });
    expect((await refusalOf(master.upload(A, { ...inside, last_op: 9 }))).code).toBe(
      'sequence_gap',
    );
    expect(await countOf(master.other, 'inventories')).toBe(1);
  });

  test('ONCE2 B56: a batch id that comes back with other content or another range is refused', async () => {
    const master = await open();
    await master.upload(A, batchOf(2, [createItem('i2')], { batch_id: 'x' }));
    for (const batch of [
      batchOf(2, [createItem('i3')], { batch_id: 'x' }),
      batchOf(3, [createItem('i2')], { batch_id: 'x' }),
    ]) {
      expect((await refusalOf(master.upload(A, batch))).code).toBe('batch_id_reused');
    }
    expect(
      statusesOf(await master.upload(B, batchOf(1, [createItem('b1')], { batch_id: 'x' }))),
    ).toEqual(['applied']);
  });

  test('ONCE3 ONCE4 rejected and void records use up their numbers', async () => {
    const master = await open();
    const records = [
      createItem('bad', { quantity: 1.5 }),
      { table: 'nowhere', id: 'x', action: 'create' as const },
      { table: 'inventories', id: 'i1', action: 'update' as const },
    ];
    const answer = await master.upload(A, batchOf(2, records));
    expect(statusesOf(answer)).toEqual(['value_type', 'table_unknown', 'applied']);
    expect(answer.results.map(({ op }) => op)).toEqual([2, 3, 4]);
    expect(statusesOf(await master.upload(A, batchOf(5, [createItem('i5')])))).toEqual(['applied']);
  });

  test('P5 an upload that is cut off inside its transaction leaves nothing, and its repetition works', async () => {
    const master = await open();
    const batch = batchOf(2, [moveItem('i1', -3, { base_version: 1 }), createItem('i2')]);
    const store = {
      ...master.store,
      write: <T>(work: Parameters<typeof master.store.write<T>>[0]) =>
        master.store.write<T>((tx) =>
          work({ ...tx, storeBatch: () => Promise.reject(new Error('killed')) }),
        ),
    };
    await expect(acceptUpload({ ...master.deps, store }, A, batch)).rejects.toThrow('killed');
    expect(await quantity(master)).toBe(10);
    expect(await countOf(master.other, 'inventories')).toBe(1);
    expect(await countOf(master.other, 'sync_changes')).toBe(1);
    expect(statusesOf(await master.upload(A, batch))).toEqual(['applied', 'applied']);
    expect(await quantity(master)).toBe(7);
    expect(await master.head()).toBe(3);
  });

  test('P11 P12 only the newest 500 answers are kept, the newest one even when the clock goes back', async () => {
    const master = await open();
    await master.store.write(async (tx) => {
      for (let op = 2; op <= 600; op += 1) {
        await tx.storeBatch({
          slave: 'A',
          incarnation: 'inc-A',
          batchId: `b${op}`,
          firstOperation: op,
          lastOperation: op,
          contentHash: '',
          recordHashes: [],
          answer: '{}',
          createdAt: new Date(2_000_000_000_000 - op).toISOString(),
        });
      }
    });
    const kept = await master.other.all<{ batch_id: string }>('SELECT batch_id FROM sync_batches');
    const ids = new Set(kept.map(({ batch_id: id }) => id));
    expect(ids.size).toBe(500);
    expect(ids.has('b600') && ids.has('b101')).toBe(true);
    expect(ids.has('b100')).toBe(false);
  });

  test('an upload of no records is answered and changes nothing', async () => {
    const master = await open();
    const answer = await master.upload(A, { records: [] });
    expect(answer).toMatchObject({ accepted: 0, rejected: 0, conflicts: 0, results: [] });
    expect(await master.head()).toBe(1);
  });

  test('epochs, incarnations and protocols that differ are refused before anything is applied', async () => {
    const master = await open();
    const batch = batchOf(2, [createItem('i2')]);
    const codes: string[] = [];
    for (const [identity, envelope] of [
      [A, { epoch: 'f'.repeat(32) }],
      [A, { protocol: 2 }],
      [A, { sent_at: 'yesterday' }],
      [A, { incarnation: 'another' }],
      [slaveNamed('A', { incarnation: 'another' }), {}],
    ] as const) {
      codes.push((await refusalOf(master.upload(identity, { ...batch, ...envelope }))).code);
    }
    expect(codes).toEqual([
      'epoch_changed',
      'protocol_version',
      'time_invalid',
      'slave_forked',
      'slave_forked',
    ]);
    expect(await countOf(master.other, 'inventories')).toBe(1);
    const answer: UploadAnswer = await master.upload(A, {
      ...batch,
      epoch: await master.store.read((tx) => tx.epoch()),
    });
    expect(answer.accepted).toBe(1);
  });
}
