import { expect } from 'vitest';
import { countOf } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  valueOf,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertItems, insertSale, moveStock } from './items.ts';

/** Everyday edits on either side, and what must not travel. */
export const edits: Scenarios = {
  'S1 P3 what a slave inserts, updates and deletes reaches everybody, other columns untouched':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a, b] = pair(fleet);
      await a.app.script(`${insertItem('kept')}; ${insertItem('changed')}; ${insertItem('gone')}`);
      await a.app.run(insertSale('sale', 'kept'));
      await expectSettled(fleet);
      await b.app.run("UPDATE inventories SET location = 'shelf 2' WHERE id = 'changed'");
      await b.app.run("DELETE FROM inventories WHERE id = 'gone'");
      await expectSettled(fleet);
      expect(await idsOf(fleet.master.sql, 'inventories')).toEqual(['changed', 'kept']);
      expect(await idsOf(a.app, 'transactions')).toEqual(['sale']);
      expect(await valueOf(a.app, 'inventories', 'changed', 'location')).toBe('shelf 2');
      expect(await valueOf(a.app, 'inventories', 'changed', 'name')).toBe('name changed');
    },

  'S1 P3 what the master inserts, updates and deletes reaches every slave': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const { sql } = fleet.master;
    await sql.script(`${insertItem('kept')}; ${insertItem('changed')}; ${insertItem('gone')}`);
    await expectSettled(fleet);
    await sql.run("UPDATE inventories SET location = 'shelf 2' WHERE id = 'changed'");
    await sql.run("DELETE FROM inventories WHERE id = 'gone'");
    await expectSettled(fleet);
    const [a] = pair(fleet);
    expect(await idsOf(a.app, 'inventories')).toEqual(['changed', 'kept']);
    expect(await valueOf(a.app, 'inventories', 'changed', 'location')).toBe('shelf 2');
    expect(await valueOf(a.app, 'inventories', 'changed', 'name')).toBe('name changed');
  },

  'S3 edits of different columns on both sides are both kept, without a conflict': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i'));
    await syncAll(fleet);
    await a.app.run("UPDATE inventories SET name = 'from a' WHERE id = 'i'");
    await b.app.run("UPDATE inventories SET location = 'from b' WHERE id = 'i'");
    await fleet.master.sql.run("UPDATE inventories SET description = 'from master' WHERE id = 'i'");
    await expectSettled(fleet);
    const row = await a.app.all(
      "SELECT name, location, description FROM inventories WHERE id = 'i'",
    );
    expect(row).toEqual([{ name: 'from a', location: 'from b', description: 'from master' }]);
    expect(await idsOf(fleet.master.sql, 'sync_conflicts')).toEqual([]);
  },

  'S4 the same new value on both sides is no conflict': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    await fleet.master.sql.run(insertItem('i'));
    await syncAll(fleet);
    for (const slave of fleet.slaves) {
      await slave.app.run("UPDATE inventories SET name = 'same' WHERE id = 'i'");
    }
    await fleet.master.sql.run("UPDATE inventories SET name = 'same' WHERE id = 'i'");
    await expectSettled(fleet);
    expect(await idsOf(fleet.master.sql, 'sync_conflicts')).toEqual([]);
  },

  'S16 plain SQL of any form is captured on both sides': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    for (const [side, sql] of [['m', fleet.master.sql] as const, ['s', a.app] as const]) {
      await sql.run(insertItems(side, 20));
      await sql.run(`INSERT INTO inventories (id, sku, name, unit_price) VALUES ('${side}-1', 'sku-${side}-1', 'upserted', 1)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name`);
      await sql.run(`UPDATE inventories SET id = '${side}-renamed' WHERE id = '${side}-2'`);
      await sql.run(`UPDATE inventories SET location = 'bulk' WHERE id LIKE '${side}-1_'`);
      await sql.run(`DELETE FROM inventories WHERE id IN ('${side}-3', '${side}-4')`);
      await sql.script(`BEGIN; DELETE FROM inventories WHERE id = '${side}-5'; ROLLBACK`);
    }
    await a.app.run(`INSERT OR REPLACE INTO inventories (id, sku, name, unit_price)
      VALUES ('s-6', 'sku-s-7', 'pushes s-7 aside', 2)`);
    await expectSettled(fleet);
    const ids = await idsOf(fleet.master.sql, 'inventories');
    expect(ids.length).toBe(18 + 17);
    expect(ids).toContain('s-renamed');
    expect(ids).not.toContain('s-7');
    expect(await valueOf(fleet.master.sql, 'inventories', 's-6', 'name')).toBe('pushes s-7 aside');
    expect(await valueOf(fleet.master.sql, 'inventories', 's-1', 'name')).toBe('upserted');
  },

  'S17 an update that changes nothing makes no change': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await a.app.run(insertItem('i'));
    await syncAll(fleet);
    const before = await countOf(fleet.master.sql, 'SELECT count(*) AS n FROM sync_changes');
    await a.app.run("UPDATE inventories SET name = name, quantity = 10 WHERE id = 'i'");
    await fleet.master.sql.run(
      "UPDATE inventories SET name = name, unit_price = 9.9900 WHERE id = 'i'",
    );
    expect(await a.pending()).toBe(0);
    expect(await countOf(fleet.master.sql, 'SELECT count(*) AS n FROM sync_changes')).toBe(before);
    await expectSettled(fleet);
  },

  'S18 own changes do not come back, rows that the master merged do': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await syncAll(fleet);
    await a.app.run(insertItem('i'));
    const own = await syncWell(a);
    expect([own.uploaded.records, own.downloaded.records]).toEqual([1, 0]);
    expect((await syncWell(a)).downloaded.records).toBe(0);
    await syncWell(b);
    await b.app.run(moveStock('i', -4));
    await syncWell(b);
    await a.app.run(moveStock('i', -1));
    const merged = await syncWell(a);
    expect(merged.uploaded.merged).toBe(1);
    expect(await valueOf(a.app, 'inventories', 'i', 'quantity')).toBe('5');
    expect((await syncWell(a)).downloaded.records).toBe(0);
    await expectSettled(fleet);
  },

  'S19 P4 what is made and deleted in quick succession stays deleted': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('i'));
    await syncWell(a);
    await a.app.run("DELETE FROM inventories WHERE id = 'i'");
    await syncWell(a);
    await a.app.script(`${insertItem('j')}; DELETE FROM inventories WHERE id = 'j'`);
    await syncWell(b);
    await expectSettled(fleet);
    for (const node of [fleet.master.sql, a.app, b.app]) {
      expect(await idsOf(node, 'inventories')).toEqual([]);
    }
  },
};
