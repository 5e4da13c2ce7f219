import { expect } from 'vitest';
import { countOf, type FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  pair,
  syncAll,
  syncWell,
  tick,
  valueOf,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertItems, moveStock } from './items.ts';

/** What somebody sees who looks at a slave's rows all the time (P9). */
export const localWork: Scenarios = {
  'P9 an unsent movement stays on top while news of the row arrive': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await b.app.run(moveStock('i', -10));
    await syncWell(b);
    await a.app.run(moveStock('i', -1));
    const seen = await quantitiesDuring(a, () => syncWell(a));
    expect(seen).toEqual([99, 89]);
    await expectSettled(fleet);
  },

  'P9 an unsent movement stays on top while it cannot get through': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.run(moveStock('i', -1));
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-request' } : undefined));
    const seen = await quantitiesDuring(a, async () => {
      for (let round = 0; round < 3; round += 1) {
        await b.app.run(moveStock('i', -10));
        await syncWell(b);
        await a.sync();
      }
      a.proxy.script(() => undefined);
      await syncWell(a);
    });
    expect(seen).toEqual([99, 89, 79, 69]);
    await expectSettled(fleet);
  },

  'P9 P2 a movement whose answer was lost is never shown twice, and never taken back': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await b.app.run(moveStock('i', -10));
    await syncWell(b);
    await a.app.run(moveStock('i', -1));
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
    const seen = await quantitiesDuring(a, async () => {
      for (let round = 0; round < 3; round += 1) {
        await a.sync();
        await b.app.run(moveStock('i', -10));
        await syncWell(b);
      }
      await a.app.run(moveStock('i', -2));
      a.proxy.script(() => undefined);
      await syncWell(a);
    });
    // Down from sale to sale; each amount counted once, whenever the others' are seen.
    expect(seen).toEqual(seen.toSorted((left, right) => right - left));
    expect(seen.at(-1)).toBe(100 - 4 * 10 - 3);
    expect(seen.filter((quantity) => ![0, 1, 3].includes((100 - quantity) % 10))).toEqual([]);
    await expectSettled(fleet);
    expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('57');
  },

  'P9 a text written here is never replaced by an older one': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 0));
    await syncAll(fleet);
    const steps = 20;
    const write = async (): Promise<void> => {
      for (let step = 1; step <= steps; step += 1) {
        await a.app.run(
          `UPDATE inventories SET quantity = ${step}, name = 'step ${step}' WHERE id = 'i'`,
        );
        await b.app.run(`UPDATE inventories SET location = 'b ${step}' WHERE id = 'i'`);
        await tick();
        if (step % 3 === 0) await syncWell(b);
      }
    };
    const seen = await quantitiesDuring(a, async () => {
      const writing = write();
      for (let round = 0; round < 10; round += 1) await syncWell(a);
      await writing;
      await syncWell(a);
    });
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    await expectSettled(fleet);
    expect(await valueOf(b.app, 'inventories', 'i', 'name')).toBe(`step ${steps}`);
  },

  'P9 a row deleted here does not come back while the deletion is on its way': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItems('i', 3));
    await syncAll(fleet);
    await a.app.run("DELETE FROM inventories WHERE id = 'i-2'");
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
    await b.app.run(insertItem('new'));
    await syncWell(b);
    const query = "SELECT count(*) AS n FROM inventories WHERE id = 'i-2'";
    const seen = await valuesDuring(a, query, async () => {
      await a.sync();
      await a.sync();
      a.proxy.script(() => undefined);
      await syncWell(a);
    });
    expect(seen).toEqual([0]);
    await expectSettled(fleet);
  },

  'P9 during a first load and a resync what was written here stays visible': async (open) => {
    const fleet = await open({ slaves: ['b'] });
    await fleet.master.sql.run(insertItem('i', 100));
    await fleet.master.sql.run(insertItems('x', 50));
    await syncAll(fleet);
    const a = await fleet.addSlave({ name: 'a' });
    await a.app.run('UPDATE sync_state SET page_limit = 5');
    await syncWell(a);
    await a.app.run(moveStock('i', -3));
    await a.app.run("UPDATE sync_state SET trouble = 'cursor_expired', page_limit = 5");
    await a.reset();
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-request' } : undefined));
    const seen = await quantitiesDuring(a, async () => {
      await a.sync();
      a.proxy.script(() => undefined);
      await syncWell(a);
    });
    expect(seen).toEqual([97]);
    await expectSettled(fleet);
  },
};

/** The different quantities of the item that a second connection sees, in order. */
function quantitiesDuring(
  slave: FleetSlave,
  work: () => Promise<unknown>,
): Promise<readonly number[]> {
  return valuesDuring(slave, "SELECT quantity AS n FROM inventories WHERE id = 'i'", work);
}

async function valuesDuring(
  slave: FleetSlave,
  query: string,
  work: () => Promise<unknown>,
): Promise<readonly number[]> {
  const app = await slave.connect();
  const seen = [await countOf(app, query)];
  const watch = { isOn: true };
  const watching = (async () => {
    while (watch.isOn) {
      const value = await countOf(app, query);
      if (seen.at(-1) !== value) seen.push(value);
      await tick();
    }
  })();
  await work();
  watch.isOn = false;
  await watching;
  const last = await countOf(app, query);
  return seen.at(-1) === last ? seen : [...seen, last];
}
