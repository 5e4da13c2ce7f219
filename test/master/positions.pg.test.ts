import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import { emptyPostgresDatabase } from '../../common/testkit/empty-postgres.ts';
import {
  openForeignConnection,
  type ForeignConnection,
} from '../../common/testkit/foreign-connection.ts';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { createSeededRandom, type SeededRandom } from '../../common/testkit/seeded-random.ts';
import { acceptUpload } from '../../master/sync/accept-upload.ts';
import type { MasterDeps } from '../../master/sync/master-deps.ts';
import { serveDownload } from '../../master/sync/serve-download.ts';
import {
  createItem,
  keysOf,
  openSecondMaster,
  openTestMaster,
  plain,
  slaveNamed,
  whenDone,
  type TestMaster,
} from './harness.ts';
import { cursorAt, missing, positionsSuite } from './positions.contract.ts';

const WRITERS = 8;
const TRANSACTIONS = 100;

describe('positions on a PostgreSQL master', () => {
  positionsSuite(emptyPostgresDatabase);

  test('P8 scenario 11: a transaction that commits after a later one is delivered', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const slow = await master.connect();
    await slow.script(`BEGIN; ${insertItem('t1')}`);
    await master.other.run(insertItem('t2'));
    const first = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(keysOf(first.records)).toEqual(['inventories/t2']);
    await slow.script('COMMIT');
    const second = await master.download(plain, { cursor: first.cursor });
    expect(keysOf(second.records)).toEqual(['inventories/t1']);
    const byTime = await master.download(plain, { lastSyncedAt: first.timestamp });
    expect(keysOf(byTime.records)).toEqual(['inventories/t1']);
  });

  test('P8 scenario 12: others flow while a transaction stays open, and its rows come after its commit', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const slow = await master.connect();
    await slow.script(`BEGIN; ${insertItem('open1')}`);
    let { cursor } = await master.download(plain, { cursor: await cursorAt(master, 0) });
    for (let n = 0; n < 5; n += 1) {
      await master.other.run(insertItem(`r${n}`));
      await master.upload(plain, { records: [createItem(`u${n}`)] });
      const page = await master.download(plain, { cursor });
      expect(keysOf(page.records)).toEqual([`inventories/r${n}`, `inventories/u${n}`]);
      cursor = page.cursor;
    }
    await slow.script(`${insertItem('open2')}; COMMIT`);
    const last = await master.download(plain, { cursor });
    expect(keysOf(last.records)).toEqual(['inventories/open1', 'inventories/open2']);
  });

  test('P8 scenario 13: an idle transaction in another database stalls nothing', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const neighbour = await createPostgresDatabase();
    whenDone(neighbour.drop);
    const idle = await openForeignConnection(neighbour.url);
    whenDone(idle.close);
    await idle.script('CREATE TABLE t (n int); BEGIN; INSERT INTO t VALUES (1)');
    const { cursor } = await master.download(plain, { cursor: await cursorAt(master, 0) });
    await master.other.run(insertItem('i1'));
    await master.upload(plain, { records: [createItem('i2')] });
    const page = await master.download(plain, { cursor });
    expect(keysOf(page.records)).toEqual(['inventories/i1', 'inventories/i2']);
  });

  test('P8 nothing is lost and nothing comes twice while many write through two masters', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const masters = [master.deps, await openSecondMaster(master)];
    const committed = new Set<string>();
    const writers = await Promise.all(
      Array.from({ length: WRITERS }, async (_, number) => ({
        number,
        connection: await master.connect(),
        random: createSeededRandom(number + 1),
      })),
    );
    const reader = startReader(master, masters);
    await Promise.all(writers.map((writer) => writeMany(writer, masters, committed)));
    const seen = await reader.finish();
    expect(seen.length).toBe(new Set(seen).size);
    expect(missing(committed, new Set(seen))).toEqual([]);
    expect(missing(new Set(seen), committed)).toEqual([]);
    const positions = await master.other.all<{ position: string }>(
      'SELECT position FROM sync_changes ORDER BY position',
    );
    expect(positions.map(({ position }) => Number(position))).toEqual(
      positions.map((_, index) => index + 1),
    );
  });

  test('POS1 DOWN3 changes of one transaction stand together, in their own order', async () => {
    const master = await openTestMaster(emptyPostgresDatabase);
    const one = await master.connect();
    const two = await master.connect();
    await one.script(`BEGIN; ${insertItem('a1')}`);
    await two.script(`BEGIN; ${insertItem('b1')}`);
    await one.script(insertItem('a2'));
    await two.script(insertItem('b2'));
    await one.script(insertItem('a3'));
    await two.script('COMMIT');
    await one.script('COMMIT');
    const page = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(page.records.map(({ id }) => id)).toEqual(['b1', 'b2', 'a1', 'a2', 'a3']);
  });
});

interface Writer {
  readonly number: number;
  readonly connection: ForeignConnection;
  readonly random: SeededRandom;
}

async function writeMany(
  { number, connection, random }: Writer,
  masters: readonly MasterDeps[],
  committed: Set<string>,
): Promise<void> {
  for (let turn = 0; turn < TRANSACTIONS; turn += 1) {
    const ids = Array.from({ length: random.integer(1, 3) }, (_, n) => `w${number}-${turn}-${n}`);
    if (random.chance(0.2)) {
      const records = ids.map((id) => createItem(id));
      await acceptUpload(random.pick(masters), slaveNamed(`w${number}`), { records });
    } else if (random.chance(0.25)) {
      await connection.script(`BEGIN; ${ids.map((id) => insertItem(id)).join('; ')}; ROLLBACK`);
      continue;
    } else {
      await connection.script('BEGIN');
      for (const id of ids) {
        await connection.run(insertItem(id));
        for (let wait = random.integer(0, 3); wait > 0; wait -= 1) await nextTurn();
      }
      await connection.script('COMMIT');
    }
    for (const id of ids) committed.add(`inventories/${id}`);
  }
}

/** Follows the log through both masters in turn; `finish` reads what is left and gives every key that came. */
function startReader(master: TestMaster, masters: readonly MasterDeps[]) {
  const seen: string[] = [];
  let running = true;
  let turn = 0;
  let cursor: string | undefined;
  const poll = async (): Promise<boolean> => {
    const deps = masters[turn % masters.length] ?? master.deps;
    turn += 1;
    cursor ??= await cursorAt(master, 0);
    const page = await serveDownload(deps, plain, { cursor, limit: 7 });
    cursor = page.cursor;
    seen.push(...keysOf(page.records));
    return page.has_more;
  };
  const loop = async (): Promise<void> => {
    while (running) await poll();
  };
  const looping = loop();
  return {
    finish: async (): Promise<readonly string[]> => {
      running = false;
      await looping;
      while (await poll());
      return seen;
    },
  };
}
