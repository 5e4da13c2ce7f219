import { expect, test } from 'vitest';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { createSeededRandom } from '../../common/testkit/seeded-random.ts';
import {
  batchOf,
  createItem,
  keysOf,
  openTestMaster,
  plain,
  slaveNamed,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const ROWS = 5000;

/** Positions and marks on either database; call it within a `describe`. */
export function positionsSuite(createDatabase: CreateDatabase): void {
  test('POS1 positions are 1, 2, 3... whoever writes and whatever is rolled back', async () => {
    const master = await openTestMaster(createDatabase);
    const { other } = master;
    await other.run(insertItem('i1'));
    await other.script(`BEGIN; ${insertItem('x')}; ROLLBACK`);
    await master.upload(A, batchOf(1, [createItem('i2'), createItem('bad', { name: null })]));
    await other.script(`BEGIN; ${insertItem('i3')}; ${insertItem('i4')}; COMMIT`);
    await master.head();
    await master.upload(plain, { records: [createItem('i5')] });
    expect(await master.head()).toBe(5);
    const page = await master.download(plain, { cursor: await cursorAt(master, 0) });
    expect(page.records.map(({ id, version }) => [id, version])).toEqual([
      ['i1', 1],
      ['i2', 2],
      ['i3', 3],
      ['i4', 4],
      ['i5', 5],
    ]);
  });

  test('POS2 P11 times of marks increase strictly while the clock jumps', async () => {
    const master = await openTestMaster(createDatabase);
    for (const jump of [
      0,
      5000,
      -86_400_000,
      10,
      -5,
      0,
      86_400_000 * 400,
      -86_400_000 * 400,
      1000,
    ]) {
      master.clock.jump(jump);
      await master.other.run(insertItem(`i${jump}-${Math.abs(master.clock.nowMs() % 997)}`));
      await master.download(plain);
      await master.download(plain);
    }
    const marks = await master.other.all<{ numbered_at: string; position: number | string }>(
      'SELECT numbered_at, position FROM sync_marks ORDER BY position, numbered_at',
    );
    const times = marks.map((mark) => mark.numbered_at);
    expect(times).toEqual([...new Set(times)].toSorted());
    expect(Number(marks.at(-1)?.position)).toBe(9);
  });

  test('a waiting client does not fill the table of marks', async () => {
    const master = await openTestMaster(createDatabase);
    let last = '';
    for (let turn = 0; turn < 20; turn += 1) {
      master.clock.advance(5000);
      const { timestamp } = await master.download(plain, {
        lastSyncedAt: '2026-01-31T12:00:00.000Z',
      });
      expect(timestamp > last).toBe(true);
      last = timestamp;
    }
    const marks = await master.other.all('SELECT * FROM sync_marks');
    expect(marks.length).toBeLessThanOrEqual(2);
  });

  test.each([1, 2, 3])(
    'POS2 a client that only sends the last timestamp back gets every row (seed %i)',
    async (seed) => {
      const master = await openTestMaster(createDatabase);
      const random = createSeededRandom(seed);
      const written = new Set<string>();
      const seen = new Set<string>();
      let since: string | undefined;
      const poll = async (): Promise<void> => {
        const request = since === undefined ? {} : { lastSyncedAt: since };
        const pages = await master.pages(plain, { ...request, limit: random.integer(1, 4) });
        for (const key of pages.flatMap(({ records }) => keysOf(records))) seen.add(key);
        // Any page's timestamp may be the one that a client kept.
        since = random.pick(pages).timestamp;
      };
      for (let turn = 0; turn < 40; turn += 1) {
        master.clock.jump(random.integer(-3000, 3000));
        const id = `r${turn}`;
        if (random.chance(0.3)) await master.upload(A, { records: [createItem(id)] });
        else await master.other.run(insertItem(id));
        written.add(`inventories/${id}`);
        if (random.chance(0.5)) await poll();
      }
      await poll();
      expect(missing(written, seen)).toEqual([]);
    },
  );

  test('scenario 14: 5,000 rows of one updated_at come in 50 pages, none lost or repeated', async () => {
    const master = await openTestMaster(createDatabase);
    await insertAlike(master);
    const pages = await master.pages(slaveNamed('B'), { limit: 100 });
    expect(pages.filter(({ records }) => records.length > 0).length).toBe(50);
    const ids = pages.flatMap(({ records }) => keysOf(records));
    expect(ids.length).toBe(ROWS);
    expect(new Set(ids).size).toBe(ROWS);
  });

  test('scenario 14: so do the same rows out of the log', async () => {
    const master = await openTestMaster(createDatabase);
    await insertAlike(master);
    const pages = await master.pages(slaveNamed('B'), {
      cursor: await cursorAt(master, 0),
      limit: 100,
    });
    expect(pages.length).toBe(50);
    const ids = pages.flatMap(({ records }) => keysOf(records));
    expect(ids.length).toBe(ROWS);
    expect(new Set(ids).size).toBe(ROWS);
  });
}

/** A cursor at a position of the present history. */
export async function cursorAt(master: TestMaster, position: number): Promise<string> {
  return `${await master.store.read((tx) => tx.epoch())}.${position}`;
}

/** Rows of one `updated_at`, each in a transaction of its own. */
async function insertAlike({ other }: TestMaster): Promise<void> {
  const at = "'2026-01-01 00:00:00'";
  if (other.dialect === 'postgres') {
    await other.script(`DO $$ BEGIN FOR n IN 1..${ROWS} LOOP
      INSERT INTO inventories (id, sku, name, unit_price, created_at, updated_at)
      VALUES ('i' || n, 's' || n, 'n', 1, ${at}, ${at}); COMMIT; END LOOP; END $$`);
    return;
  }
  // SQLite does not tell transactions apart, so one will do.
  await other.script(`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${ROWS})
    INSERT INTO inventories (id, sku, name, unit_price, created_at, updated_at)
    SELECT 'i' || n, 's' || n, 'n', 1, ${at}, ${at} FROM c`);
}

/** What is in one set and not in the other. */
export function missing(
  wanted: ReadonlySet<string>,
  present: ReadonlySet<string>,
): readonly string[] {
  return [...wanted].filter((key) => !present.has(key));
}
