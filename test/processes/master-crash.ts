import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../../common/testkit/fault-proxy.ts';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { expectConverged } from '../harness/contents.ts';
import { MasterFolder, SlaveFolder, until, type RunningMaster } from '../harness/processes.ts';
import { sellSql } from '../harness/sale-sql.ts';

const SALES = 150;

interface Shop {
  readonly master: MasterFolder;
  serving: RunningMaster;
  readonly proxy: FaultProxy;
  readonly slave: SlaveFolder;
}

/** A master that is killed in the middle of an upload; the same story on both databases. */
export function describeMasterCrash(masterEnv: () => Promise<Readonly<Record<string, string>>>): void {
  it('P1 P2 S29 killed after its commit, before the reply: the effect is there once', async () => {
    const shop = await openShop(await masterEnv());
    await sell(shop, 'a');
    const from = shop.proxy.requests.length;
    shop.proxy.script((request) =>
      request.url.includes('/upload') ? { kind: 'drop-response' } : undefined,
    );
    const sync = shop.slave.start('sync:run');
    await until(() =>
      Promise.resolve(shop.proxy.requests.slice(from).some((r) => r.targetStatuses.length > 0)),
    );
    await shop.serving.running.stop('SIGKILL');
    expect((await sync.ended).exitCode).toBe(69);
    expect(await shop.slave.outboxCount()).toBeGreaterThan(0);
    await restart(shop);
    const report = await shop.slave.json('sync:run', '--force');
    expect(report).toMatchObject({ exitCode: 0, pending: 0 });
    await expectSoldOnce(shop, SALES);
  });

  it('P1 P2 P5 S29 killed in the middle of an upload, at any moment: the effect is there once', async () => {
    const shop = await openShop(await masterEnv());
    const random = createSeededRandom(29);
    const delays = [0, random.integer(5, 25), random.integer(25, 80)];
    for (const [round, delayMs] of delays.entries()) {
      await sell(shop, `r${round}`);
      const from = shop.proxy.requests.length;
      const sync = shop.slave.start('sync:run', '--force');
      await until(() =>
        Promise.resolve(shop.proxy.requests.slice(from).some((r) => r.url.includes('/upload'))),
      );
      await sleep(delayMs);
      await shop.serving.running.stop('SIGKILL');
      expect([0, 69]).toContain((await sync.ended).exitCode);
      await restart(shop);
      const report = await shop.slave.json('sync:run', '--force');
      expect(report).toMatchObject({ exitCode: 0, pending: 0 });
      await expectSoldOnce(shop, SALES * (round + 1));
    }
  }, 60_000);
}

async function openShop(env: Readonly<Record<string, string>>): Promise<Shop> {
  const master = new MasterFolder(env);
  const serving = await master.serve();
  const proxy = await startFaultProxy(serving.url);
  const slave = new SlaveFolder({
    MASTER_URL: proxy.url,
    SLAVE_NAME: 'till-1',
    SYNC_BATCH_SIZE: '200',
  });
  await slave.run('db:migrate');
  await slave.stock('lamp');
  expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0 });
  return { master, serving, proxy, slave };
}

async function sell({ slave }: Shop, prefix: string): Promise<void> {
  const ids = Array.from({ length: SALES }, (_, n) => `${prefix}-${n}`);
  await slave.sql(sellSql('lamp', ...ids));
}

async function restart(shop: Shop): Promise<void> {
  shop.proxy.script(() => undefined);
  shop.serving = await shop.master.serve();
  shop.proxy.retarget(shop.serving.url);
}

/** Stock moves by amounts, so a sale that took effect twice shows. */
async function expectSoldOnce({ master, slave }: Shop, sales: number): Promise<void> {
  const [stock] = await master.query<{ quantity: unknown; sold: unknown }>(
    "SELECT quantity, (SELECT count(*) FROM transactions) AS sold FROM inventories WHERE id = 'lamp'",
  );
  expect([Number(stock?.sold), Number(stock?.quantity)]).toEqual([sales, 10 - sales]);
  await expectConverged(master, slave);
}
