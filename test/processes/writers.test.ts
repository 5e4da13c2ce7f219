import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { expectConverged, expectSound } from '../harness/contents.ts';
import { MasterFolder, Running, SlaveFolder, until } from '../harness/processes.ts';

const WRITER = fileURLToPath(new URL('../harness/sales-writer.ts', import.meta.url));
const ROUNDS = 4;

it('P1 F1 every sale that an application saw committed is in the outbox or at the master, whoever is killed', async () => {
  const random = createSeededRandom(1);
  const master = new MasterFolder();
  const { url } = await master.serve();
  const slave = new SlaveFolder({ MASTER_URL: url, SLAVE_NAME: 'till-1', SYNC_INTERVAL: '0.1' });
  await slave.run('db:migrate');
  await slave.stock('lamp');
  const log = join(slave.storagePath, 'sales.txt');
  const logged = (): readonly string[] => readFileSync(log, 'utf8').split('\n').filter(Boolean);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const daemon = slave.start('start');
    const file = join(slave.storagePath, 'slave.sqlite');
    const writer = new Running(WRITER, [file, 'lamp', `sale-${round}`, log], {
      cwd: slave.storagePath,
      env: {},
    });
    const before = round === 1 ? 0 : logged().length;
    await until(() => {
      if (writer.hasEnded) throw new Error(writer.stderr);
      return Promise.resolve(round > 0 && safeCount(log) > before + 3);
    });
    await sleep(random.integer(100, 700));
    // Now the writer dies first, now the daemon.
    const victims = random.shuffle([writer, daemon]);
    for (const victim of victims) await victim.stop('SIGKILL');
    await expectSound(slave);
    const unsent = await ids(slave, 'SELECT row_id AS id FROM sync_outbox WHERE is_void = 0');
    const arrived = await ids(master, 'SELECT id FROM transactions');
    const missing = logged().filter((id) => !unsent.has(id) && !arrived.has(id));
    expect(missing).toEqual([]);
  }
  expect(await slave.json('sync:run', '--force')).toMatchObject({ exitCode: 0, pending: 0 });
  await expectConverged(master, slave);
  const [stock] = await master.query<{ quantity: number; sold: number }>(
    "SELECT quantity, (SELECT count(*) FROM transactions) AS sold FROM inventories WHERE id = 'lamp'",
  );
  // A killed writer's sale and its stock change came together or not at all, and each once.
  expect(stock?.quantity).toBe(10 - (stock?.sold ?? 0));
  expect(stock?.sold).toBeGreaterThanOrEqual(logged().length);
}, 120_000);

function safeCount(log: string): number {
  try {
    return readFileSync(log, 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

async function ids(folder: MasterFolder | SlaveFolder, sql: string): Promise<ReadonlySet<string>> {
  return new Set((await folder.query<{ id: string }>(sql)).map(({ id }) => id));
}
