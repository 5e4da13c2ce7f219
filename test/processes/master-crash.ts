import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { expectConverged } from '../harness/contents.ts';
import { until, type Env } from '../harness/processes.ts';
import { sellSql } from '../harness/sale-sql.ts';
import { openShop, reopen, type Shop } from '../harness/shop.ts';

const SALES = 150;

/** A master that is killed in the middle of an upload; the same story on both databases. */
export function describeMasterCrash(masterEnv: () => Promise<Env>): void {
  it('P1 P2 S29 killed after its commit, before the reply: the effect is there once', async () => {
    const shop = await stockedShop(await masterEnv());
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
    await reopen(shop);
    const report = await shop.slave.json('sync:run', '--force');
    expect(report).toMatchObject({ exitCode: 0, pending: 0 });
    await expectSoldOnce(shop, SALES);
  });

  it('P1 P2 P5 S29 killed in the middle of an upload, at any moment: the effect is there once', async () => {
    const shop = await stockedShop(await masterEnv());
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
      await reopen(shop);
      const report = await shop.slave.json('sync:run', '--force');
      expect(report).toMatchObject({ exitCode: 0, pending: 0 });
      await expectSoldOnce(shop, SALES * (round + 1));
    }
  });
}

/** A shop whose one lamp is known to both sides. */
async function stockedShop(env: Env): Promise<Shop> {
  const shop = await openShop({ SYNC_BATCH_SIZE: '200' }, env);
  await shop.slave.stock('lamp');
  expect(await shop.slave.json('sync:run')).toMatchObject({ exitCode: 0 });
  return shop;
}

async function sell({ slave }: Shop, prefix: string): Promise<void> {
  const ids = Array.from({ length: SALES }, (_, n) => `${prefix}-${n}`);
  await slave.sql(sellSql('lamp', ...ids));
}

/** Stock moves by amounts, so a sale that took effect twice shows. */
async function expectSoldOnce({ master, slave }: Shop, sales: number): Promise<void> {
  const [stock] = await master.query<{ quantity: unknown; sold: unknown }>(
    "SELECT quantity, (SELECT count(*) FROM transactions) AS sold FROM inventories WHERE id = 'lamp'",
  );
  expect([Number(stock?.sold), Number(stock?.quantity)]).toEqual([sales, 10 - sales]);
  await expectConverged(master, slave);
}
