import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { inOrder, startFaultProxy, type FaultProxy } from '../../common/testkit/fault-proxy.ts';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { expectConverged, expectSound } from '../harness/contents.ts';
import { MasterFolder, SlaveFolder, until, type Running } from '../harness/processes.ts';
import { saleSql } from '../harness/sale-sql.ts';

const ROWS = 400;
const SEED = 20_281;

let master: MasterFolder;
let slave: SlaveFolder;
let proxy: FaultProxy;
let sales = 0;

beforeAll(async () => {
  master = new MasterFolder();
  const { url } = await master.serve();
  const ids = Array.from({ length: ROWS }, (_, index) => `m-${String(index).padStart(5, '0')}`);
  const values = ids.map((id) => `('${id}','sku-${id}','Item ${id}',10,'2.5000')`).join(',');
  await master.sql(
    `INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ${values}`,
  );
  proxy = await startFaultProxy(url);
  slave = new SlaveFolder({ MASTER_URL: proxy.url, SLAVE_NAME: 'till-1' });
  await slave.run('db:migrate');
  expect(await slave.json('sync:run')).toMatchObject({
    exitCode: 0,
    downloaded: { records: ROWS },
  });
  return () => proxy.close();
});

/** New work on both sides: all rows change in one transaction at the master, the slave sells one. */
async function newWork(): Promise<void> {
  sales += 1;
  await master.sql("UPDATE inventories SET quantity = quantity + 1 WHERE id LIKE 'm-%'");
  await slave.sql(saleSql(`sale-${sales}`, 'm-00000'));
}

/** Whether the proxy has handed an answer of this endpoint through since request `from`. */
function answered(endpoint: string, from: number): Promise<boolean> {
  const seen = proxy.requests
    .slice(from)
    .some((r) => r.url.includes(endpoint) && r.status !== null);
  return Promise.resolve(seen);
}

function asked(endpoint: string, from: number): Promise<boolean> {
  return Promise.resolve(proxy.requests.slice(from).some((r) => r.url.includes(endpoint)));
}

/** Kills a sync when `isMoment`, waits `delayMs` more, and checks what it left behind. */
async function killAt(isMoment: () => Promise<boolean>, delayMs: number): Promise<void> {
  const sync: Running = slave.start('sync:run');
  await until(async () => sync.hasEnded || (await isMoment()));
  await sleep(delayMs);
  await sync.stop('SIGKILL');
  await expectSound(slave);
  // One transaction at the master is one transaction here, whatever was cut.
  const quantities = await slave.query(
    "SELECT DISTINCT quantity FROM inventories WHERE id LIKE 'm-%'",
  );
  expect(quantities).toHaveLength(1);
  expect(await slave.statusFile()).toMatchObject({ slave: 'till-1' });
}

/** P10 P14: the next sync needs nobody, and afterwards all is told as it is. */
async function expectRecovered(): Promise<void> {
  proxy.script(() => undefined);
  expect(await slave.json('sync:run')).toMatchObject({
    exitCode: 0,
    outcome: 'success',
    pending: 0,
  });
  expect(await slave.statusFile()).toMatchObject({
    status: 'success',
    pending_records: 0,
    last_error: null,
  });
  await expectConverged(master, slave);
}

describe('a slave that is killed', { timeout: 120_000 }, () => {
  it('P1 P5 S28 after a page was fetched, or while it is applied', async () => {
    const random = createSeededRandom(SEED);
    for (const delayMs of [
      0,
      random.integer(5, 20),
      random.integer(20, 60),
      random.integer(60, 120),
    ]) {
      await newWork();
      const from = proxy.requests.length;
      await killAt(() => answered('/download', from), delayMs);
      await expectRecovered();
    }
  });

  it('P1 P5 S28 after its commit, before the acknowledge', async () => {
    await newWork();
    const from = proxy.requests.length;
    proxy.script((request) =>
      request.url.includes('/acknowledge') ? { kind: 'black-hole' } : undefined,
    );
    await killAt(() => asked('/acknowledge', from), 0);
    await expectRecovered();
  });

  it('P1 P5 S28 after the acknowledge, before the status file', async () => {
    for (const delayMs of [0, 4]) {
      await newWork();
      const from = proxy.requests.length;
      await killAt(() => answered('/acknowledge', from), delayMs);
      await expectRecovered();
    }
  });

  it('P2 S28 after the master took its changes, before it read the answer', async () => {
    await newWork();
    const from = proxy.requests.length;
    proxy.script(inOrder({ kind: 'black-hole', forward: true }));
    await killAt(() => Promise.resolve((proxy.requests[from]?.targetStatuses.length ?? 0) > 0), 0);
    proxy.script(() => undefined);
    expect(await slave.json('sync:run')).toMatchObject({
      exitCode: 0,
      uploaded: { records: 1 },
    });
    const uploads = proxy.requests.slice(from).filter((r) => r.url.includes('/upload'));
    expect(uploads.map(({ bodySha256 }) => bodySha256)).toHaveLength(2);
    await expectConverged(master, slave);
  });

  it('P5 F15 at any moment of its start, again and again', async () => {
    const random = createSeededRandom(SEED + 1);
    await newWork();
    for (let round = 0; round < 6; round += 1) {
      const daemon = slave.start('start');
      await sleep(random.integer(50, 600));
      await daemon.stop('SIGKILL');
    }
    await expectRecovered();
  });
});
