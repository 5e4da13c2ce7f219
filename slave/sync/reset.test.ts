import { expect, it } from 'vitest';
import { canonicalRecordText } from '../../common/core/record-hash.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { resetSlave } from './reset.ts';
import { pageRecord } from './scripted-master.testkit.ts';
import { aRow } from './sync-builders.testkit.ts';
import { openTestSlave, type TestSlave } from './test-slave.testkit.ts';

const ANY_TEXT: unknown = expect.any(String);

const signal = new AbortController().signal;

/** A slave with three unsent rows that the master refuses to talk to. */
async function slaveInTrouble(
  code: 'slave_rewound' | 'epoch_changed' | 'cursor_expired',
): Promise<TestSlave> {
  const slave = await openTestSlave();
  await slave.sync();
  for (const n of [1, 2, 3]) await slave.insert({ ...aRow({ sku: `s${n}` }), id: `g${n}` });
  const fail = (): never => {
    throw new SyncError(code, 'no');
  };
  if (code === 'cursor_expired') {
    // Expired cursors are only met after the upload, so the rows are made unsent again afterwards.
    slave.master.onUpload.push(() => {
      throw new SyncError('transport_interrupted', 'lost');
    });
    slave.master.onDownload.push(fail);
  } else {
    slave.master.onUpload.push(fail);
  }
  await slave.sync();
  return slave;
}

it('status forgets failure and backoff and touches nothing else', async () => {
  const slave = await openTestSlave();
  slave.master.onDownload.push(() => {
    throw new SyncError('transport_unreachable', 'nobody there');
  });
  await slave.sync();
  const before = await slave.state();
  expect(await resetSlave(slave.deps, 'auto', signal)).toMatchObject({
    variant: 'status',
    backup: null,
  });
  expect(await slave.state()).toMatchObject({
    ...before,
    retryCount: 0,
    lastError: null,
    nextAttemptAt: null,
    updatedAt: ANY_TEXT,
  });
});

it('ID5 after cursor_expired loads everything again and keeps unsent work', async () => {
  const slave = await slaveInTrouble('cursor_expired');
  expect((await slave.state()).trouble).toBe('cursor_expired');
  const report = await resetSlave(slave.deps, 'auto', signal);
  expect(report).toMatchObject({
    variant: 'resync',
    trouble: 'cursor_expired',
    pendingKept: 3,
    backup: ANY_TEXT,
  });
  expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0 });
  expect(slave.master.downloads.at(-1)).not.toHaveProperty('cursor');
});

it('ID4 after slave_rewound asks what the master has already, and numbers the rest anew', async () => {
  const slave = await slaveInTrouble('slave_rewound');
  const before = await slave.state();
  slave.master.onEnroll.push(({ operations }) => ({
    known: [operations[0]?.op ?? 0],
    unverifiable: [operations[1]?.op ?? 0],
  }));
  const report = await resetSlave(slave.deps, 'auto', signal);
  expect(report).toMatchObject({
    variant: 'enroll',
    pendingKept: 1,
    alreadyAtMaster: 1,
    setAside: 1,
  });
  const [request] = slave.master.enrollments;
  expect(request).toMatchObject({ replaces: before.incarnation, final: true });
  const sent = slave.master.uploads.at(-1)?.records ?? [];
  expect(request?.operations).toEqual(
    sent.map((record) => ({ op: record.op, hash: slave.deps.sha256(canonicalRecordText(record)) })),
  );
  expect(await slave.state()).toMatchObject({
    incarnation: request?.incarnation,
    pendingIncarnation: null,
    nonce: null,
    trouble: null,
    cursor: null,
  });
  expect(await slave.rejected()).toMatchObject([{ id: 'g2', code: 'row_unverifiable' }]);
  await slave.sync();
  expect(slave.master.uploads.at(-1)).toMatchObject({
    first_op: 1,
    last_op: 1,
    records: [{ id: 'g3' }],
  });
});

it('ID4 asks for the same incarnation again when the answer was lost', async () => {
  const slave = await slaveInTrouble('slave_rewound');
  slave.master.onEnroll.push(() => {
    throw new SyncError('transport_interrupted', 'lost');
  });
  await expect(resetSlave(slave.deps, 'auto', signal)).rejects.toMatchObject({
    code: 'transport_interrupted',
  });
  expect(await slave.state()).toMatchObject({
    trouble: 'slave_rewound',
    pendingIncarnation: ANY_TEXT,
  });
  expect(await slave.pending()).toBe(3);
  await resetSlave(slave.deps, 'auto', signal);
  const [first, second] = slave.master.enrollments;
  expect(second).toEqual(first);
});

it('P15 after epoch_changed keeps rows that the restored master lost, for a person to decide', async () => {
  const slave = await openTestSlave();
  const rows = ['g1', 'g2'].map((id) => ({ ...aRow({ sku: id }), id }));
  slave.master.onDownload.push(() => ({
    records: rows.map((row) => pageRecord(row, 11)),
    position: 11,
  }));
  await slave.sync();
  await slave.sql("UPDATE goods SET name = 'Mine' WHERE id = 'g1'");
  slave.master.epoch = 'e2';
  await slave.sync();
  expect(await resetSlave(slave.deps, 'auto', signal)).toMatchObject({
    variant: 'enroll',
    pendingKept: 1,
  });
  slave.master.onDownload.push(() => ({
    records: [pageRecord(aRow({ id: 'g1', sku: 'g1' }), 3)],
    snapshot: { ranges: [{ table: 'goods', after: null, up_to: null }], total_rows: 1 },
    position: 3,
  }));
  expect(await slave.sync()).toMatchObject({ outcome: 'success' });
  expect(slave.master.uploads.at(-1)).toMatchObject({
    first_op: 1,
    records: [{ id: 'g1', base_version: 0 }],
  });
  expect(await slave.rejected()).toMatchObject([
    { id: 'g2', code: 'row_only_here', action: 'create', row: { sku: 'g2' } },
  ]);
  expect(await slave.row('g2')).not.toBeNull();
  expect(await slave.state()).toMatchObject({
    epoch: 'e2',
    position: 3,
    loading: null,
    trouble: null,
  });
});
