import { expect, it, onTestFinished } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import { expectConverged } from '../harness/contents.ts';
import { MasterFolder, SlaveFolder } from '../harness/processes.ts';
import { sellSql } from '../harness/sale-sql.ts';

const ROUNDS = 4;
const SALES = 25;

it('P2 P8 two masters serve one PostgreSQL: slaves that alternate between them see no holes and every effect once', async () => {
  const { url: databaseUrl, drop } = await createPostgresDatabase();
  onTestFinished(drop);
  const masters = [1, 2].map(() => new MasterFolder({ DATABASE_URL: databaseUrl }));
  // Started at the same moment on an empty database: each prepares it, neither fails.
  const urls = (await Promise.all(masters.map((master) => master.serve()))).map(({ url }) => url);
  const slaves = ['till-1', 'till-2', 'till-3'].map(
    (name) => new SlaveFolder({ MASTER_URL: urls[0] ?? '', SLAVE_NAME: name }),
  );
  await Promise.all(slaves.map((slave) => slave.run('db:migrate')));
  await slaves[0]?.stock('lamp');
  for (const slave of slaves) expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0 });

  const random = createSeededRandom(8);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(
      slaves.map(async (slave, index) => {
        const ids = Array.from({ length: SALES }, (_, n) => `s${index}-${round}-${n}`);
        await slave.sql(sellSql('lamp', ...ids));
        const url = random.pick(urls);
        const report = await slave.json('sync:run', '--force', `--master-url=${url}`);
        expect(report).toMatchObject({ exitCode: 0, pending: 0, rejected: 0 });
      }),
    );
  }
  const [master] = masters;
  if (master === undefined) throw new Error('no master');
  const sold = slaves.length * ROUNDS * SALES;
  const [stock] = await master.query<{ quantity: string; sold: string }>(
    "SELECT quantity, (SELECT count(*) FROM transactions) AS sold FROM inventories WHERE id = 'lamp'",
  );
  expect([Number(stock?.sold), Number(stock?.quantity)]).toEqual([sold, 10 - sold]);
  for (const [index, slave] of slaves.entries()) {
    const report = await slave.json('sync:run', `--master-url=${urls[index % 2] ?? ''}`);
    expect(report).toMatchObject({ exitCode: 0 });
  }
  const [log] = await master.query<{ changes: string; head: string }>(
    'SELECT count(*) AS changes, max(position) AS head FROM sync_changes',
  );
  expect(log?.changes).toBe(log?.head);
  await expectConverged(master, ...slaves);
  const { slaves: known } = await master.json<{ slaves: { lag: number }[] }>('slaves');
  expect(known.map(({ lag }) => lag)).toEqual([0, 0, 0]);
}, 120_000);
