import { describe, expect, it } from 'vitest';
import type { UploadResult } from '../../common/protocol/upload.ts';
import { discardRejectedChanges, retryRejectedChanges } from './rejected.ts';
import { pageRecord, resultsOf } from './scripted-master.testkit.ts';
import { aRow } from './sync-builders.testkit.ts';
import { openTestSlave, type TestSlave } from './test-slave.testkit.ts';

type Code = 'row_foreign_key' | 'value_too_long' | 'row_append_only';

function refuse(code: Code): (result: UploadResult) => UploadResult {
  return (result) => ({
    ...result,
    status: 'rejected',
    version: null,
    error: { code, detail: 'because' },
  });
}

/** A slave that has synced row g1, and whose next upload is refused. */
async function slaveWithRow(code: Code): Promise<TestSlave> {
  const slave = await openTestSlave();
  slave.master.onDownload.push(() => ({
    records: [pageRecord(aRow({ id: 'g1' }), 11)],
    position: 11,
  }));
  await slave.sync();
  slave.master.onUpload.push((upload) => resultsOf(upload, refuse(code)));
  return slave;
}

const update = (set: string): string => `UPDATE goods SET ${set} WHERE id = 'g1'`;

describe('rejected changes', () => {
  it('P6 are set aside with their reason while the others go on', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    await slave.insert(aRow({ id: 'g2', sku: 's2' }));
    slave.master.onUpload.push((upload) =>
      resultsOf(upload, (result, index) =>
        index === 0 ? refuse('row_foreign_key')(result) : result,
      ),
    );
    expect(await slave.sync()).toMatchObject({
      outcome: 'success',
      pending: 0,
      rejected: 1,
      uploaded: { applied: 1, rejected: 1 },
    });
    expect(await slave.rejected()).toMatchObject([
      { id: 'g1', code: 'row_foreign_key', detail: 'because', attempts: 1 },
    ]);
    expect(await slave.row('g1')).not.toBeNull();
  });

  it('REJ1 are tried again once something new arrived, and not before', async () => {
    const slave = await slaveWithRow('row_foreign_key');
    await slave.sql(update("name = 'Mine'"));
    await slave.sync();
    const sent = slave.master.uploads.length;
    await slave.sync();
    expect(slave.master.uploads).toHaveLength(sent);
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 12)],
      position: 12,
    }));
    await slave.sync();
    expect(await slave.sync()).toMatchObject({ rejected: 0, pending: 0, uploaded: { applied: 1 } });
    expect(slave.master.uploads.at(-1)?.records).toMatchObject([
      { op: 2, action: 'update', data: { name: 'Mine' } },
    ]);
  });

  it('REJ1 of wrong values wait for a person or for a newer change', async () => {
    const slave = await slaveWithRow('value_too_long');
    await slave.sql(update("name = 'Much too long'"));
    await slave.sync();
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 12)],
      position: 12,
    }));
    await slave.sync();
    expect(await slave.sync()).toMatchObject({ rejected: 1 });
    await slave.sql(update("name = 'Short'"));
    await slave.sql(update('quantity = quantity - 1'));
    expect(await slave.sync()).toMatchObject({ rejected: 0, pending: 0 });
    const [voided, alsoVoided, joined] = slave.master.uploads.at(-1)?.records ?? [];
    expect([voided, alsoVoided]).toMatchObject([
      { op: 2, data: {} },
      { op: 3, data: {} },
    ]);
    expect(joined).toMatchObject({
      op: 4,
      action: 'update',
      data: { name: 'Short' },
      delta: { quantity: -1 },
    });
  });

  it('P9 stay visible on top of what others change', async () => {
    const slave = await slaveWithRow('value_too_long');
    await slave.sql(update("name = 'Mine'"));
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g1', name: 'Theirs', quantity: 99 }), 12)],
      position: 12,
    }));
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Mine', quantity: 99 }));
  });
});

describe('retry', () => {
  it('sends what was set aside again, whatever the reason', async () => {
    const slave = await slaveWithRow('value_too_long');
    await slave.sql(update("name = 'Mine'"));
    await slave.sync();
    const [change] = await slave.rejected();
    expect(
      await retryRejectedChanges(slave.deps, { rejectedIds: [change?.rejectedId ?? 0] }),
    ).toEqual({ rows: 1, changes: 1 });
    expect(await slave.sync()).toMatchObject({ rejected: 0, pending: 0, uploaded: { applied: 1 } });
  });

  it('names a number that is not set aside', async () => {
    const slave = await openTestSlave();
    await expect(retryRejectedChanges(slave.deps, { rejectedIds: [7] })).rejects.toMatchObject({
      code: 'data_not_found',
    });
  });
});

describe('discard', () => {
  it('shows the row as the master has it, with the newest that came down', async () => {
    const slave = await slaveWithRow('value_too_long');
    await slave.sql(update("name = 'Mine'"));
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g1', quantity: 99 }), 12)],
      position: 12,
    }));
    await slave.sync();
    expect(await discardRejectedChanges(slave.deps, 'all')).toEqual({ rows: 1, changes: 1 });
    expect(await slave.row('g1')).toEqual(aRow({ quantity: 99 }));
    expect(await slave.pending()).toBe(0);
    expect(await slave.rejected()).toEqual([]);
  });

  it('removes a row that the master never took', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push((upload) => resultsOf(upload, refuse('value_too_long')));
    await slave.sync();
    await discardRejectedChanges(slave.deps, 'all');
    expect(await slave.row('g1')).toBeNull();
    expect(await slave.pending()).toBe(0);
  });

  it('brings a row back whose deletion the master refused', async () => {
    const slave = await slaveWithRow('row_append_only');
    await slave.sql("DELETE FROM goods WHERE id = 'g1'");
    await slave.sync();
    await discardRejectedChanges(slave.deps, 'all');
    expect(await slave.row('g1')).toEqual(aRow());
  });

  it('keeps newer changes that still wait', async () => {
    const slave = await slaveWithRow('value_too_long');
    await slave.sql(update("name = 'Mine'"));
    await slave.sync();
    await slave.sql(update('quantity = quantity - 1'));
    await discardRejectedChanges(slave.deps, 'all');
    expect(await slave.row('g1')).toEqual(aRow({ quantity: 9 }));
    expect(await slave.pending()).toBe(1);
  });
});
