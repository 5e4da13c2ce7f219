import { expect, it } from 'vitest';
import { listConflicts, resolveConflict, showConflict } from './conflicts.ts';
import { pageRecord } from './scripted-master.testkit.ts';
import { aRow, NOON } from './sync-builders.testkit.ts';
import { openTestSlave, type TestSlave } from './test-slave.testkit.ts';

function conflictRow(id: string, state: 'open' | 'settled') {
  return {
    id,
    table_name: 'goods',
    record_id: 'g1',
    slave: 'shop-1',
    columns: '["name"]',
    base: JSON.stringify(aRow()),
    master: JSON.stringify(aRow({ name: 'Cocoa' })),
    incoming: JSON.stringify({ name: 'Coffee' }),
    policy: 'manual',
    reason: 'a person decides',
    outcome: 'master',
    state,
    resolution: null,
    resolved_by: null,
    version: null,
    created_at: id === 'c1' ? NOON : '2026-01-31T13:00:00.000Z',
    updated_at: NOON,
  };
}

async function slaveWithConflicts(): Promise<TestSlave> {
  const slave = await openTestSlave();
  slave.master.onDownload.push(() => ({
    records: [
      pageRecord(aRow({ id: 'g1', name: 'Cocoa', quantity: 4 }), 11),
      pageRecord(conflictRow('c1', 'open'), 12, 'sync_conflicts'),
      pageRecord(conflictRow('c2', 'settled'), 13, 'sync_conflicts'),
    ],
    position: 13,
  }));
  await slave.sync();
  return slave;
}

it('lists conflicts, newest first, and those in one state', async () => {
  const slave = await slaveWithConflicts();
  expect((await listConflicts(slave.deps, {})).map(({ id }) => id)).toEqual(['c2', 'c1']);
  expect((await listConflicts(slave.deps, { state: 'open' })).map(({ id }) => id)).toEqual(['c1']);
  expect(await listConflicts(slave.deps, { table: 'other' })).toEqual([]);
});

it('shows both sides and the row as it is now', async () => {
  const slave = await slaveWithConflicts();
  expect(await showConflict(slave.deps, 'c1')).toMatchObject({
    master: { name: 'Cocoa' },
    incoming: { name: 'Coffee' },
    current: { name: 'Cocoa', quantity: 4 },
  });
  await expect(showConflict(slave.deps, 'c9')).rejects.toMatchObject({ code: 'data_not_found' });
});

it('MERGE7 carries a decision out as ordinary changes of the row and of the conflict', async () => {
  const slave = await slaveWithConflicts();
  const shown = await resolveConflict(slave.deps, 'c1', { take: 'incoming' }, 'anna');
  expect(shown).toMatchObject({
    state: 'resolved',
    resolvedBy: 'anna',
    resolution: '{"take":"incoming"}',
  });
  expect(await slave.row('g1')).toMatchObject({ name: 'Coffee', quantity: 4 });
  await slave.sync();
  expect(slave.master.uploads.at(-1)?.records).toMatchObject([
    { table: 'goods', id: 'g1', action: 'update', data: { name: 'Coffee' } },
    {
      table: 'sync_conflicts',
      id: 'c1',
      action: 'update',
      data: { state: 'resolved', resolved_by: 'anna' },
    },
  ]);
});

it('changes nothing when the decision does not fit', async () => {
  const slave = await slaveWithConflicts();
  await expect(
    resolveConflict(slave.deps, 'c1', { set: { quantity: 'many' } }, 'anna'),
  ).rejects.toMatchObject({
    code: 'value_type',
  });
  expect(await slave.pending()).toBe(0);
});
