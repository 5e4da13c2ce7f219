import { expect } from 'vitest';
import { inOrder } from '../../common/testkit/fault-proxy.ts';
import { countOf, type FleetSlave } from '../harness/fleet-slave.ts';
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

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Stock that several shops change at once. */
export const counters: Scenarios = {
  'S5 P3 amounts moved at two shops and at the master add up': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.run(moveStock('i', -3));
    await b.app.run(moveStock('i', -2));
    await fleet.master.sql.run(moveStock('i', 10));
    await expectSettled(fleet);
    await expectStock(fleet, '105');
    expect(await idsOf(fleet.master.sql, 'sync_conflicts')).toEqual([]);
  },

  'S6 P2 an upload whose answer is lost three times counts once': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.script(`BEGIN; ${insertSale('s', 'i', 3)}; ${moveStock('i', -3)}; COMMIT`);
    await b.app.run(moveStock('i', -2));
    await fleet.master.sql.run(moveStock('i', 10));
    await syncWell(b);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
      const report = await a.sync();
      expect(report.outcome).toBe('failed');
      expect(report.pending).toBe(2);
    }
    a.proxy.script(inOrder());
    await expectSettled(fleet);
    await expectStock(fleet, '105');
    const uploads = a.proxy.requests.filter(({ url }) => url.includes('upload'));
    expect(uploads.map(({ targetStatuses }) => targetStatuses)).toEqual([
      [200],
      [200],
      [200],
      [200],
    ]);
    expect(await idsOf(fleet.master.sql, 'transactions')).toEqual(['s']);
  },

  'S6 P2 an upload that arrives twice at once counts once': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.run(moveStock('i', -3));
    a.proxy.script(() => ({ kind: 'duplicate' }));
    await syncWell(a);
    await a.app.run(moveStock('i', -4));
    a.proxy.script(() => ({ kind: 'duplicate', answer: 'first' }));
    await syncWell(a);
    a.proxy.script(inOrder());
    await expectSettled(fleet);
    await expectStock(fleet, '93');
  },

  'S7 a count is not disturbed by an older sale that arrives later, and reduced by a later one':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a, b] = pair(fleet);
      await fleet.master.sql.run(insertItem('i', 100));
      await syncAll(fleet);
      await b.app.run(moveStock('i', -3));
      await tick();
      await a.app.script(countStock('i', 50));
      await tick();
      await b.app.run(moveStock('i', -2));
      await syncWell(a);
      await syncWell(b);
      await expectSettled(fleet);
      await expectStock(fleet, '48');
    },

  'S7 a count that arrives after the sales keeps those that came later': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await b.app.run(moveStock('i', -3));
    await tick();
    await a.app.script(countStock('i', 50));
    await tick();
    await b.app.run(moveStock('i', -2));
    await syncWell(b);
    await syncWell(a);
    await expectSettled(fleet);
    await expectStock(fleet, '48');
  },

  'S7 sales at the shop that counts stay on top of its own count': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.run(moveStock('i', -1));
    await a.app.script(countStock('i', 50));
    await a.app.run(moveStock('i', -4));
    await tick();
    await b.app.run(moveStock('i', -2));
    await expectSettled(fleet);
    await expectStock(fleet, '44');
  },

  'S38 P11 a shop whose clock is wrong gives the same result as with the right one': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['right'] });
    const fast = await fleet.addSlave({ name: 'fast', clockAheadMs: HOUR });
    const slow = await fleet.addSlave({ name: 'slow', clockAheadMs: -DAY });
    const right = pair(fleet)[0];
    await fleet.master.sql.script(
      `${insertItem('i', 100)}; ${insertItem('j')}; ${insertItem('k')}`,
    );
    await syncAll(fleet);
    await write(fast, renameItem('j', 'early, by the fast clock'), HOUR - 3 * MINUTE);
    await write(right, renameItem('j', 'late'), -2 * MINUTE);
    await write(right, renameItem('k', 'early'), -2 * MINUTE);
    await write(slow, moveStock('i', -3), -DAY - 3 * MINUTE);
    await write(fast, countStock('i', 50), HOUR - 2 * MINUTE);
    await write(slow, renameItem('k', 'late, by the slow clock'), -DAY - MINUTE);
    await write(slow, moveStock('i', -2), -DAY - MINUTE);
    await expectSettled(fleet);
    expect(await valueOf(right.app, 'inventories', 'j', 'name')).toBe('late');
    expect(await valueOf(right.app, 'inventories', 'k', 'name')).toBe('late, by the slow clock');
    await expectStock(fleet, '48');
    const { clockOffsetMs } = await fast.state();
    expect(Math.abs((clockOffsetMs ?? 0) + HOUR)).toBeLessThan(MINUTE);
  },

  'S38 P11 a clock that jumps while the shop is offline loses nothing': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await fleet.master.sql.run(insertItem('i', 100));
    await syncAll(fleet);
    for (const jump of [DAY, -DAY, 400 * DAY, 0]) {
      await write(a, moveStock('i', -1), jump);
    }
    await expectSettled(fleet);
    await expectStock(fleet, '96');
    const future = "SELECT count(*) AS n FROM sync_changes WHERE changed_at > '2100'";
    expect(await countOf(fleet.master.sql, future)).toBe(0);
  },
};

async function expectStock(fleet: Fleet, quantity: string): Promise<void> {
  for (const node of [fleet.master.sql, ...fleet.slaves.map(({ app }) => app)]) {
    expect(await valueOf(node, 'inventories', 'i', 'quantity')).toBe(quantity);
  }
}

/** What somebody counted on the shelf, marked as docs/operations.md says. */
function countStock(id: string, quantity: number): string {
  return `BEGIN; UPDATE sync_context SET counting = 1;
    UPDATE inventories SET quantity = ${quantity} WHERE id = '${id}';
    UPDATE sync_context SET counting = 0; COMMIT`;
}

function renameItem(id: string, name: string): string {
  return `UPDATE inventories SET name = '${name}' WHERE id = '${id}'`;
}

/**
 * Writes as if the shop's clock were ahead by some milliseconds. The trigger reads the machine's clock, which a test
 * cannot set, so the time of what was captured is shifted afterwards.
 */
async function write({ app }: FleetSlave, statement: string, aheadMs: number): Promise<void> {
  await app.script(statement);
  await app.run(
    `UPDATE sync_outbox SET captured_at = strftime('%Y-%m-%dT%H:%M:%fZ', captured_at, '${aheadMs / 1000} seconds')
     WHERE op = (SELECT max(op) FROM sync_outbox)`,
  );
}
