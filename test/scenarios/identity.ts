import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { retryRejectedChanges } from '../../slave/sync/rejected.ts';
import { copyMasterDatabase } from '../harness/fleet-master.ts';
import { restoreDatabase, type FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectEqualByDigest,
  expectSettled,
  idsOf,
  pair,
  restoreMaster,
  syncAll,
  syncWell,
  valueOf,
  type Fleet,
  type OpenFleet,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertSale, moveStock } from './items.ts';

/** Copies, backups and history that is gone (P15). */
export const identity: Scenarios = {
  'S31 P15 a slave restored from yesterday is noticed; nothing is lost, nothing doubled': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['b'] });
    const a = await fleet.addSlave({ name: 'a' });
    await a.app.run(insertItem('i', 100));
    await syncAll(fleet);
    await sell(a, 'in the backup, unsent', 1);
    const yesterday = await a.copyDatabase();
    await syncAll(fleet);
    await sell(a, 'after the backup', 2);
    await syncAll(fleet);
    const restored = await reopen(fleet, a, yesterday);
    await sell(restored, 'after the restore', 4);
    const { incarnation } = await restored.state();
    const report = await restored.sync();
    expect(report.error?.code).toBe('slave_rewound');
    expect((await restored.state()).trouble).toBe('slave_rewound');
    expect((await restored.sync()).error?.code).toBe('slave_rewound');
    const reset = await restored.reset();
    expect([reset.alreadyAtMaster, reset.setAside]).toEqual([2, 0]);
    expect(reset.incarnation).not.toBe(incarnation);
    expect(existsSync(reset.backup ?? '')).toBe(true);
    await expectSettled(fleet);
    expect(await idsOf(restored.app, 'transactions')).toEqual([
      'after the backup',
      'after the restore',
      'in the backup, unsent',
    ]);
    expect(await valueOf(restored.app, 'inventories', 'i', 'quantity')).toBe(`${100 - 1 - 2 - 4}`);
  },

  'S31 P15 a slave restored before its first sync of the day comes back by itself where nothing differs':
    async (open) => {
      const fleet = await open({ slaves: ['b'] });
      const a = await fleet.addSlave({ name: 'a' });
      await a.app.run(insertItem('i', 100));
      await syncAll(fleet);
      const copy = await a.copyDatabase();
      const restored = await reopen(fleet, a, copy);
      await sell(restored, 's', 1);
      await expectSettled(fleet);
      expect(await valueOf(restored.app, 'inventories', 'i', 'quantity')).toBe('99');
    },

  'S32 P15 of two copies of one disk the second is refused, and sharing a name goes on one at a time':
    async (open) => {
      const fleet = await open({ slaves: ['b'] });
      const a = await fleet.addSlave({ name: 'a' });
      await a.app.run(insertItem('i', 100));
      await syncAll(fleet);
      const clone = await openCopy(fleet, a, 'a');
      await sell(a, 'of the first', 1);
      await sell(clone, 'of the second', 2);
      await syncWell(a);
      expect((await clone.sync()).error?.code).toBe('slave_rewound');
      expect(await idsOf(fleet.master.sql, 'transactions')).toEqual(['of the first']);
      expect(await clone.pending()).toBe(2);
      await clone.reset();
      await syncWell(clone);
      await sell(a, 'of the first, later', 4);
      expect((await a.sync()).error?.code).toBe('slave_forked');
      expect(await a.pending()).toBe(2);
      await a.reset();
      await syncWell(a);
      expect((await clone.sync()).error?.code).toBe('slave_forked');
      await clone.reset();
      await syncWell(clone);
      await expectEqualByDigest({ ...fleet, slaves: [clone] });
      expect(await idsOf(clone.app, 'transactions')).toEqual([
        'of the first',
        'of the first, later',
        'of the second',
      ]);
      expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('93');
    },

  'S32 P15 a copy that gets a name of its own becomes a slave like any other': async (open) => {
    const fleet = await open({ slaves: ['b'] });
    const a = await fleet.addSlave({ name: 'a' });
    await a.app.run(insertItem('i', 100));
    await syncAll(fleet);
    const clone = await openCopy(fleet, a, 'c');
    await sell(a, 'of the first', 1);
    await sell(clone, 'of the second', 2);
    await syncWell(a);
    const first = await clone.sync();
    if (first.outcome !== 'success') {
      expect((await clone.state()).trouble).not.toBe(null);
      await clone.reset();
    }
    await expectSettled(fleet);
    expect(await idsOf(a.app, 'transactions')).toEqual(['of the first', 'of the second']);
    expect(await valueOf(a.app, 'inventories', 'i', 'quantity')).toBe('97');
  },

  'S22 P4 P15 a slave that returns after its history was purged keeps its work and revives nothing':
    async (open) => {
      const fleet = await open({ slaves: ['b'] });
      const a = await fleet.addSlave({ name: 'a' });
      const [b] = pair(fleet);
      await a.app.script(
        `${insertItem('i', 100)}; ${insertItem('deleted')}; ${insertItem('moved', 5)}`,
      );
      await syncAll(fleet);
      await b.app.run("DELETE FROM inventories WHERE id = 'deleted'");
      await b.app.run(moveStock('moved', 7));
      await syncWell(b);
      await purge(fleet);
      await sell(a, 'offline', 3);
      await a.app.run(insertItem('new here'));
      const report = await a.sync();
      expect(report.error?.code).toBe('cursor_expired');
      expect((await a.state()).trouble).toBe('cursor_expired');
      const { pendingKept, backup } = await a.reset();
      expect(existsSync(backup ?? '')).toBe(true);
      expect(pendingKept).toBe(await a.pending());
      await expectSettled(fleet);
      expect(await idsOf(a.app, 'inventories')).toEqual(['i', 'moved', 'new here']);
      expect(await idsOf(b.app, 'transactions')).toEqual(['offline']);
      expect(await valueOf(a.app, 'inventories', 'i', 'quantity')).toBe('97');
      expect(await valueOf(a.app, 'inventories', 'moved', 'quantity')).toBe('12');
    },

  'S33 P15 a master restored from a backup is noticed, and the slave that wrote what it lost gives it back':
    (open) => recoverTail(open, ['a', 'b']),

  'S33 P15 so it does where another slave, which only had a copy, comes back first': (open) =>
    recoverTail(open, ['b', 'a']),

  'S33 P15 what only a copy is left of is kept aside, and a person gives it back': async (open) => {
    const { fleet, b } = await loseTail(open);
    await resetAfterRestore(b);
    expect(await b.rejected()).toContain('row_only_here');
    expect(await idsOf(b.app, 'transactions')).toEqual(['lost at the master']);
    await retryRejectedChanges(b.deps, 'all');
    await syncWell(b);
    expect(await idsOf(fleet.master.sql, 'transactions')).toEqual(['lost at the master']);
  },
};

async function recoverTail(open: OpenFleet, order: readonly ('a' | 'b')[]): Promise<void> {
  const { fleet, a, b } = await loseTail(open);
  await sell(a, 'after the restore', 2);
  for (const name of order) await resetAfterRestore(name === 'a' ? a : b);
  await expectSettled(fleet);
  expect(await idsOf(b.app, 'transactions')).toEqual(['after the restore', 'lost at the master']);
  expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('97');
}

/** A sale of a's that everybody had, and that the master has lost with its newest days. */
async function loseTail(
  open: OpenFleet,
): Promise<{ readonly fleet: Fleet; readonly a: FleetSlave; readonly b: FleetSlave }> {
  const fleet = await open({ slaves: ['a', 'b'] });
  const [a, b] = pair(fleet);
  await a.app.run(insertItem('i', 100));
  await syncAll(fleet);
  const original = fleet.master.databaseUrl;
  await fleet.master.close();
  const backup = await copyMasterDatabase(original);
  const busy = await restoreMaster(fleet, original);
  await sell(a, 'lost at the master', 1);
  await syncAll(busy);
  return { fleet: await restoreMaster(busy, backup), a, b };
}

async function resetAfterRestore(slave: FleetSlave): Promise<void> {
  expect((await slave.sync()).error?.code).toBe('epoch_changed');
  expect((await slave.state()).trouble).toBe('epoch_changed');
  await slave.reset();
  await syncWell(slave);
}

async function sell({ app }: FleetSlave, sale: string, quantity: number): Promise<void> {
  await app.script(
    `BEGIN; ${insertSale(sale, 'i', quantity)}; ${moveStock('i', -quantity)}; COMMIT`,
  );
}

/** Closes a slave and opens it anew on another copy of its database, in its place in the fleet. */
async function reopen(fleet: Fleet, slave: FleetSlave, copy: string): Promise<FleetSlave> {
  await slave.close();
  restoreDatabase(copy, slave.file);
  return fleet.addSlave({ name: slave.name, file: slave.file });
}

/** Opens a copy of a slave's disk beside it. */
async function openCopy(fleet: Fleet, slave: FleetSlave, name: string): Promise<FleetSlave> {
  return fleet.addSlave({ name, file: await slave.copyDatabase() });
}

/** Forgets the whole change log, as a purge long afterwards does. */
async function purge({ master }: Fleet): Promise<void> {
  await master.sql
    .script(`UPDATE sync_meta SET value = (SELECT CAST(max(position) AS text) FROM sync_changes)
    WHERE key = 'purged_up_to'; DELETE FROM sync_changes`);
}
