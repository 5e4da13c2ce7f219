import { expect, onTestFinished } from 'vitest';
import {
  openForeignConnection,
  type ForeignConnection,
} from '../../common/testkit/foreign-connection.ts';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { expectSettled, idsOf, pair, syncWell, type Scenarios } from '../harness/fleet.ts';
import { insertItem, insertItems, moveStock } from './items.ts';

/** Transactions of others that end in another order than they began; only PostgreSQL has several at once. */
export const commitOrder: Scenarios = {
  'S11 P8 what was written first and committed last is delivered': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    const late = await fleet.master.connect();
    await late.run('BEGIN');
    await late.run(insertItem('first'));
    await fleet.master.sql.run(insertItem('second'));
    await syncWell(a);
    expect(await idsOf(a.app, 'inventories')).toEqual(['second']);
    await late.run('COMMIT');
    await syncWell(a);
    expect(await idsOf(a.app, 'inventories')).toEqual(['first', 'second']);
    await expectSettled(fleet);
  },

  'S12 P8 a transaction that stays open for long holds nobody up, and its rows come after its commit':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a, b] = pair(fleet);
      await fleet.master.sql.run(insertItem('i', 100));
      const long = await fleet.master.connect();
      await long.run('BEGIN');
      await long.run(insertItems('long', 30));
      for (let round = 0; round < 3; round += 1) {
        await fleet.master.sql.run(insertItem(`other-${round}`));
        await b.app.run(insertItem(`slave-${round}`));
        await syncWell(b);
        await syncWell(a);
        expect((await idsOf(a.app, 'inventories')).length).toBe(1 + 2 * (round + 1));
        await long.run(`UPDATE inventories SET location = 'round ${round}' WHERE id = 'long-1'`);
      }
      await long.run(moveStock('i', -1));
      await long.run('COMMIT');
      await expectSettled(fleet);
      expect((await idsOf(a.app, 'inventories')).length).toBe(1 + 6 + 30);
    },

  'S13 P8 a session that idles in a transaction of another database stalls no download': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    const elsewhere = await createPostgresDatabase();
    onTestFinished(elsewhere.drop);
    const idle = await openForeignConnection(elsewhere.url);
    onTestFinished(() => idle.close());
    await idle.script('BEGIN; CREATE TABLE busy (id int); INSERT INTO busy VALUES (1)');
    await fleet.master.sql.run(insertItems('i', 10));
    await syncWell(a);
    expect((await idsOf(a.app, 'inventories')).length).toBe(10);
    await expectSettled(fleet);
  },

  'S11 P8 many writers with overlapping transactions lose no row on the way to a slave that polls':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a] = pair(fleet);
      const connections = await Promise.all(
        ['w0', 'w1', 'w2', 'w3'].map(() => fleet.master.connect()),
      );
      const writers = connections.map((connection, n) => writeOverlapping(connection, `w${n}`));
      const polling = { isOn: true };
      const poll = (async () => {
        while (polling.isOn) await syncWell(a);
      })();
      await Promise.all(writers);
      polling.isOn = false;
      await poll;
      await expectSettled(fleet);
      expect((await idsOf(a.app, 'inventories')).length).toBe(4 * 10 * 2);
    },
};

/** Two rows a transaction with a pause between them; every sixth transaction is rolled back. */
async function writeOverlapping(connection: ForeignConnection, name: string): Promise<void> {
  for (let n = 0; n < 12; n += 1) {
    await connection.run('BEGIN');
    await connection.run(insertItem(`${name}-${n}-first`));
    await connection.run(`SELECT pg_sleep(${((n * 7) % 5) / 500})`);
    await connection.run(insertItem(`${name}-${n}-second`));
    await connection.run(n % 6 === 5 ? 'ROLLBACK' : 'COMMIT');
  }
}
