import { expect, it } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import { dryRun } from './dry-run.ts';
import { pageRecord } from './scripted-master.testkit.ts';
import { aRow } from './sync-builders.testkit.ts';
import { openTestSlave } from './test-slave.testkit.ts';

const signal = new AbortController().signal;

it('shows what an upload would carry and a download would bring, and changes nothing', async () => {
  const slave = await openTestSlave();
  await slave.insert(aRow());
  const before = await slave.state();
  slave.master.onDownload.push(() => ({
    records: [pageRecord(aRow({ id: 'g2' }), 12)],
    has_more: true,
  }));
  expect(await dryRun(slave.deps, signal)).toEqual({
    upload: {
      total: 1,
      counts: [{ table: 'goods', action: 'create', count: 1 }],
      rows: [{ operation: 1, table: 'goods', id: 'g1', action: 'create', columns: [] }],
    },
    download: {
      reachable: true,
      records: 1,
      hasMore: true,
      counts: [{ table: 'goods', action: 'update', count: 1 }],
    },
  });
  expect(slave.master.uploads).toEqual([]);
  expect(await slave.state()).toEqual(before);
  expect(slave.master.identities).toMatchObject([{ exchangeId: null }]);
});

it('says why the master could not be asked', async () => {
  const slave = await openTestSlave();
  slave.master.onDownload.push(() => {
    throw new SyncError('transport_unreachable', 'nobody there');
  });
  expect(await dryRun(slave.deps, signal)).toMatchObject({
    download: {
      reachable: false,
      error: { code: 'transport_unreachable', message: 'nobody there' },
    },
  });
});
