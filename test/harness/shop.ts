import { onTestFinished } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../../common/testkit/fault-proxy.ts';
import { MasterFolder, SlaveFolder, type Env, type RunningMaster } from './processes.ts';

/** A master that serves, a bad line to it, and one prepared slave behind that line. */
export interface Shop {
  readonly master: MasterFolder;
  serving: RunningMaster;
  readonly proxy: FaultProxy;
  readonly slave: SlaveFolder;
}

/** Opens a shop for one test. The slave's database is prepared; nothing was synced. */
export async function openShop(slaveEnv: Env = {}, masterEnv: Env = {}): Promise<Shop> {
  const master = new MasterFolder(masterEnv);
  const serving = await master.serve();
  const proxy = await startFaultProxy(serving.url);
  onTestFinished(() => proxy.close());
  const slave = new SlaveFolder({ MASTER_URL: proxy.url, SLAVE_NAME: 'till-1', ...slaveEnv });
  await slave.run('db:migrate');
  return { master, serving, proxy, slave };
}

/** Serves again after the master's end, at another port behind the same line. */
export async function reopen(shop: Shop): Promise<void> {
  shop.proxy.script(() => undefined);
  shop.serving = await shop.master.serve();
  shop.proxy.retarget(shop.serving.url);
}
