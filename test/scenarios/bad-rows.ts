import { expect } from 'vitest';
import { nodes } from '../../common/storage/contract/sample-tables.testkit.ts';
import type { FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectEqualByDigest,
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  valueOf,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertSale } from './items.ts';

/** Rows that the other side does not take, alone and with those that depend on them. */
export const badRows: Scenarios = {
  'S23 P6 of 100 rows three are bad: 97 arrive, three are set aside with their codes, the next batch flows':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a, b] = pair(fleet);
      await fleet.master.sql.run(insertItem('theirs'));
      await withoutChecks(a, async () => {
        await a.app.script(Array.from({ length: 97 }, (_, n) => insertItem(`good-${n}`)).join(';'));
        await a.app.run(insertItem('taken').replace('sku-taken', 'sku-theirs'));
        await a.app.run(insertSale('orphan', 'nowhere'));
        await a.app.run(`INSERT INTO inventories (id, sku, name, unit_price)
        VALUES ('inexact', 'sku-inexact', 'inexact', 1.23456)`);
      });
      const report = await syncWell(a);
      expect(report.uploaded.applied).toBe(97);
      expect((await a.rejected()).toSorted()).toEqual([
        'row_foreign_key',
        'row_unique',
        'value_not_exact',
      ]);
      await a.app.run(insertItem('next'));
      await syncWell(a);
      expect(await a.pending()).toBe(0);
      await syncWell(b);
      expect((await idsOf(b.app, 'inventories')).length).toBe(1 + 97 + 1);
      expect(await idsOf(b.app, 'transactions')).toEqual([]);
    },

  'S23 P6 a bad row that is mended goes out by itself': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await b.app.run(insertItem('b', 1).replace('sku-b', 'same'));
    await a.app.run(insertItem('a', 2).replace('sku-a', 'same'));
    await syncWell(b);
    await syncWell(a);
    expect(await a.rejected()).toEqual(['row_unique']);
    // The master's row took the place of ours; ours waits, whole.
    expect(await idsOf(a.app, 'inventories')).toEqual(['b']);
    await b.app.run("UPDATE inventories SET sku = 'another' WHERE id = 'b'");
    await syncWell(b);
    await expectSettled(fleet);
    expect(await idsOf(b.app, 'inventories')).toEqual(['a', 'b']);
    expect(await valueOf(b.app, 'inventories', 'a', 'quantity')).toBe('2');
  },

  'S23 P6 a bad row that is mended here goes out as one change': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await a.app.run(insertItem('i').replace('9.99', '0.1 + 0.2'));
    await a.app.run(insertSale('s', 'i'));
    await syncAll(fleet);
    expect(await a.rejected()).toEqual(['value_not_exact', 'row_foreign_key']);
    await a.app.run("UPDATE inventories SET unit_price = round(unit_price, 4) WHERE id = 'i'");
    await expectSettled(fleet);
    expect(await valueOf(fleet.master.sql, 'transactions', 's', 'inventory_id')).toBe('i');
  },

  'S24 P6 a child without its parent is parked and released by itself': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await withoutChecks(a, () => a.app.run(insertSale('child', 'parent')));
    await syncWell(a);
    expect(await a.rejected()).toEqual(['row_foreign_key']);
    await b.app.run(insertItem('parent'));
    await syncWell(b);
    await expectSettled(fleet);
    expect(await idsOf(b.app, 'transactions')).toEqual(['child']);
  },

  'S24 P6 a child whose parent comes in the next batch of the same slave arrives too': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run('UPDATE sync_state SET batch_limit = 1');
    await withoutChecks(a, async () => {
      await a.app.run(insertSale('child', 'parent'));
      await a.app.run(insertItem('parent'));
    });
    await expectSettled(fleet);
    expect(await idsOf(b.app, 'transactions')).toEqual(['child']);
  },

  'S25 P6 a table that refers to itself loads, children before parents by key': async (open) => {
    const fleet = await open({ slaves: ['a'], definitions: [nodes] });
    const [a] = fleet.slaves;
    const { sql } = fleet.master;
    const node = (id: string, parent: string | null): string =>
      `INSERT INTO nodes (id, parent_id, shop, slot) VALUES ('${id}', ${parent === null ? 'NULL' : `'${parent}'`}, 's', '${id}')`;
    await sql.script(`${node('z', null)}; ${node('m', 'z')}; ${node('a', 'm')}`);
    await a?.app.run('UPDATE sync_state SET page_limit = 1');
    await expectSettled(fleet);
    const late = await fleet.addSlave({ name: 'late' });
    await syncWell(late);
    await late.app.script(`${node('y', null)}; ${node('b', 'y')}`);
    await late.app.run("UPDATE nodes SET parent_id = 'z' WHERE id = 'y'");
    await expectSettled(fleet);
    expect(await idsOf(sql, 'nodes')).toEqual(['a', 'b', 'm', 'y', 'z']);
  },

  'P6 rows that swap a unique value arrive on every side': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.script(`${insertItem('i')}; ${insertItem('j')}`);
    await syncAll(fleet);
    await b.app.script(`BEGIN; UPDATE inventories SET sku = 'moving' WHERE id = 'i';
      UPDATE inventories SET sku = 'sku-i' WHERE id = 'j';
      UPDATE inventories SET sku = 'sku-j' WHERE id = 'i'; COMMIT`);
    await expectSettled(fleet);
    expect(await valueOf(a.app, 'inventories', 'i', 'sku')).toBe('sku-j');
  },

  'P6 what the master refuses to delete is back where it was deleted': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('i'));
    await syncAll(fleet);
    await b.app.run(insertSale('s', 'i'));
    await syncWell(b);
    await a.app.run("DELETE FROM inventories WHERE id = 'i'");
    await syncAll(fleet);
    await expectEqualByDigest(fleet);
    expect(await idsOf(a.app, 'inventories')).toEqual(['i']);
    expect(await a.rejected()).toEqual([]);
  },
};

/** Writes as programs do that never switched foreign keys on, SQLite's default. */
async function withoutChecks({ app }: FleetSlave, write: () => Promise<void>): Promise<void> {
  await app.run('PRAGMA foreign_keys = OFF');
  await write();
  await app.run('PRAGMA foreign_keys = ON');
}
