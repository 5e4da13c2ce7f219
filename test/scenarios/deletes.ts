import { expect } from 'vitest';
import { resolveConflict, listConflicts } from '../../slave/sync/conflicts.ts';
import {
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  tick,
  valueOf,
  type Fleet,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertSale, moveStock } from './items.ts';

/** Deletions that meet changes, new lives of a key, and what a person decides afterwards. */
export const deletes: Scenarios = {
  'S20 P4 P18 an item deleted at the master and sold offline is back whole, with the sale': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await fleet.master.sql.run("DELETE FROM inventories WHERE id = 'i'");
    await syncWell(b);
    await a.app.script(`BEGIN; ${insertSale('s', 'i', 2)}; ${moveStock('i', -2)}; COMMIT`);
    await a.app.run("UPDATE inventories SET location = 'window' WHERE id = 'i'");
    await expectSettled(fleet);
    const row = await b.app.all("SELECT name, quantity, location FROM inventories WHERE id = 'i'");
    expect(row).toEqual([{ name: 'name i', quantity: 98, location: 'window' }]);
    expect(await idsOf(b.app, 'transactions')).toEqual(['s']);
    expect(await generationOf(fleet, 'i')).toEqual({ action: 'create', generation: 3 });
    const kept = await fleet.master.sql.all("SELECT id FROM sync_conflicts WHERE record_id = 'i'");
    expect(kept.length).toBeGreaterThan(0);
  },

  'S20 P4 a delete that nobody contradicted stays, however often the slave comes back': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('i'));
    await syncAll(fleet);
    await a.app.run("UPDATE inventories SET name = 'old news' WHERE id = 'i'");
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
    await a.sync();
    await syncWell(b);
    await b.app.run("DELETE FROM inventories WHERE id = 'i'");
    await syncWell(b);
    await a.sync();
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
    for (const node of [fleet.master.sql, a.app, b.app])
      expect(await idsOf(node, 'inventories')).toEqual([]);
    expect(await generationOf(fleet, 'i')).toEqual({ action: 'delete', generation: 2 });
  },

  'S21 P4 a row deleted and made anew is another row: late edits of the old one lose and are kept':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a, b] = pair(fleet);
      await a.app.run(insertItem('i', 10, 'first life'));
      await syncAll(fleet);
      await b.app.run(
        "UPDATE inventories SET name = 'edit of the first life', quantity = 3 WHERE id = 'i'",
      );
      await tick();
      await a.app.script(
        `DELETE FROM inventories WHERE id = 'i'; ${insertItem('i', 77, 'second life')}`,
      );
      await syncWell(a);
      await syncWell(b);
      await expectSettled(fleet);
      const row = await b.app.all("SELECT name, quantity FROM inventories WHERE id = 'i'");
      expect(row).toEqual([{ name: 'second life', quantity: 77 }]);
      expect(await generationOf(fleet, 'i')).toEqual({ action: 'create', generation: 3 });
      const [loser] = await listConflicts(b.deps, {});
      expect(loser?.incoming?.['name']).toBe('edit of the first life');
    },

  'S21 P4 a late delete of the old life does not touch the new one': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('i', 10, 'first life'));
    await syncAll(fleet);
    await b.app.run("DELETE FROM inventories WHERE id = 'i'");
    await tick();
    await a.app.script(
      `DELETE FROM inventories WHERE id = 'i'; ${insertItem('i', 77, 'second life')}`,
    );
    await syncWell(a);
    await syncWell(b);
    await expectSettled(fleet);
    expect(await valueOf(b.app, 'inventories', 'i', 'name')).toBe('second life');
  },

  'P18 a loser keeps base, both sides, policy and reason': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    await quarrel(fleet);
    const [conflict, ...rest] = await listConflicts(pair(fleet)[1].deps, {});
    expect(rest).toEqual([]);
    expect(conflict).toMatchObject({
      table: 'inventories',
      recordId: 'i',
      slave: 'a',
      columns: ['name'],
      base: { name: 'name i' },
      master: { name: 'by b' },
      incoming: { name: 'by a' },
      policy: 'latest',
      outcome: 'master',
      state: 'settled',
    });
    expect(conflict?.reason).not.toBe('');
  },

  'P18 what is decided on one slave about a conflict of another reaches everybody': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await quarrel(fleet);
    const [conflict] = await listConflicts(b.deps, {});
    await resolveConflict(b.deps, conflict?.id ?? '', { take: 'incoming' }, 'Eve');
    expect(await b.pending()).toBeGreaterThan(0);
    await expectSettled(fleet);
    for (const node of [fleet.master.sql, a.app, b.app]) {
      expect(await valueOf(node, 'inventories', 'i', 'name')).toBe('by a');
      const [kept] = await node.all('SELECT state, resolved_by FROM sync_conflicts');
      expect(kept).toEqual({ state: 'resolved', resolved_by: 'Eve' });
    }
  },
};

/** Two slaves rename one item; the one that syncs later renamed it earlier, so it loses. */
async function quarrel(fleet: Fleet): Promise<void> {
  const [a, b] = pair(fleet);
  await fleet.master.sql.run(insertItem('i'));
  await syncAll(fleet);
  await a.app.run("UPDATE inventories SET name = 'by a' WHERE id = 'i'");
  await tick();
  await b.app.run("UPDATE inventories SET name = 'by b' WHERE id = 'i'");
  await syncWell(b);
  await syncWell(a);
  await expectSettled(fleet);
  expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'name')).toBe('by b');
}

/** The newest entry of an item in the change log: odd generations live, even ones are deleted. */
async function generationOf({ master }: Fleet, id: string): Promise<unknown> {
  const [row] = await master.sql.all(
    `SELECT action, generation FROM sync_changes WHERE table_name = 'inventories' AND row_id = $1
     ORDER BY position DESC LIMIT 1`,
    [id],
  );
  return row;
}
