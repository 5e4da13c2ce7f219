import { expect } from 'vitest';
import type { Fault } from '../../common/testkit/fault.ts';
import { createSeededRandom, type SeededRandom } from '../../common/testkit/seeded-random.ts';
import { countOf, type FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  idsOf,
  type Fleet,
  type OpenFleet,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertSale, moveStock } from './items.ts';

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);
const OPERATIONS = 60;
const ITEMS = ['i0', 'i1', 'i2', 'i3'];
const OPENING = 1000;

/** What a seeded run has written, for the sums at its end. */
interface Ledger {
  readonly sales: Set<string>;
  readonly stock: Map<string, number>;
  count: number;
}

/** Three slaves and a master that write at random, over lines that break at random. */
export const storm: Scenarios = Object.fromEntries(
  SEEDS.map((seed) => [
    `S50 P1 P2 P3 storm with seed ${seed}: equal everywhere, no sale lost or doubled, stock adds up`,
    (open: OpenFleet) => runStorm(open, seed),
  ]),
);

async function runStorm(open: OpenFleet, seed: number): Promise<void> {
  const random = createSeededRandom(seed);
  const fleet = await open({ slaves: ['a', 'b', 'c'] });
  const ledger: Ledger = { sales: new Set(), stock: new Map(), count: 0 };
  for (const id of ITEMS) {
    await fleet.master.sql.run(insertItem(id, OPENING));
    ledger.stock.set(id, OPENING);
  }
  await expectSettled(fleet);
  for (const slave of fleet.slaves) {
    slave.proxy.script(() => faultOf(random));
    const limits = `batch_limit = ${random.integer(1, 20)}, page_limit = ${random.integer(1, 20)}`;
    await slave.app.run(`UPDATE sync_state SET ${limits}`);
  }
  for (let operation = 0; operation < OPERATIONS * fleet.slaves.length; operation += 1) {
    await operate(fleet, random, ledger);
    if (random.chance(0.15)) await syncPerhaps(random.pick(fleet.slaves), random);
  }
  for (const slave of fleet.slaves) slave.proxy.script(() => undefined);
  await expectSettled(fleet);
  expect(new Set(await idsOf(fleet.master.sql, 'transactions'))).toEqual(ledger.sales);
  for (const [id, quantity] of ledger.stock) {
    expect([
      id,
      await countOf(fleet.master.sql, `SELECT quantity AS n FROM inventories WHERE id = '${id}'`),
    ]).toEqual([id, quantity]);
  }
}

/** One transaction of some program at a slave, seldom at the master. */
async function operate(fleet: Fleet, random: SeededRandom, ledger: Ledger): Promise<void> {
  ledger.count += 1;
  const id = random.pick(ITEMS);
  const slave = random.pick(fleet.slaves);
  const connection = random.chance(0.1) ? fleet.master.sql : slave.app;
  const dice = random.next();
  if (dice < 0.5) {
    const amount = random.integer(1, 5);
    const sale = `sale-${ledger.count}`;
    await connection.script(
      `BEGIN; ${insertSale(sale, id, amount)}; ${moveStock(id, -amount)}; COMMIT`,
    );
    ledger.sales.add(sale);
    ledger.stock.set(id, (ledger.stock.get(id) ?? 0) - amount);
    return;
  }
  if (dice < 0.75) {
    await connection.run(
      `UPDATE inventories SET ${random.pick(['name', 'location'])} = 'text ${ledger.count}' WHERE id = '${id}'`,
    );
    return;
  }
  await passing(slave, random, ledger);
}

/** Rows that come and go, at times under a key that others use too. */
async function passing({ app }: FleetSlave, random: SeededRandom, ledger: Ledger): Promise<void> {
  const id = `passing-${random.integer(1, 6)}`;
  const [present] = await app.all('SELECT id FROM inventories WHERE id = $1', [id]);
  if (present === undefined) {
    await app.run(insertItem(id, ledger.count));
    return;
  }
  await app.run(
    random.chance(0.5)
      ? `DELETE FROM inventories WHERE id = '${id}'`
      : `UPDATE inventories SET description = 'text ${ledger.count}' WHERE id = '${id}'`,
  );
}

/** A cycle, at times stopped after some of its steps. */
async function syncPerhaps(slave: FleetSlave, random: SeededRandom): Promise<void> {
  const stop = new AbortController();
  let left = random.chance(0.2) ? random.integer(1, 6) : Infinity;
  await slave.sync({
    signal: stop.signal,
    onProgress: () => {
      left -= 1;
      if (left === 0) stop.abort();
    },
  });
}

function faultOf(random: SeededRandom): Fault | undefined {
  if (random.chance(0.6)) return undefined;
  return random.pick<Fault>([
    { kind: 'drop-request' },
    { kind: 'drop-response' },
    { kind: 'duplicate' },
    { kind: 'duplicate', answer: 'first' },
    { kind: 'cut', afterBytes: random.integer(0, 2000), end: random.pick(['fin', 'rst']) },
    { kind: 'delay', ms: random.integer(1, 10) },
    { kind: 'replace', status: random.pick([413, 429, 502, 503]), body: '' },
  ]);
}
