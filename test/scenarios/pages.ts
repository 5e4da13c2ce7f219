import { expect } from 'vitest';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import type { Fault } from '../../common/testkit/fault.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { countOf, type FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  tick,
  valueOf,
  type Fleet,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertItems, insertSale } from './items.ts';

const ALIKE = 5000;

/** Downloads in many pages, with others writing meanwhile and lines that break. */
export const pages: Scenarios = {
  'S14 P8 5,000 rows of one updated_at come in 50 pages, none lost or repeated': async (open) => {
    const fleet = await open({ slaves: ['a'] });
    const { sql } = fleet.master;
    await sql.run(`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${ALIKE})
      INSERT INTO inventories (id, sku, name, unit_price, created_at, updated_at)
      SELECT 'i' || n, 's' || n, 'n', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM c`);
    const answers = await allPages(fleet, '100');
    expect(answers.length).toBe(50);
    const ids = answers.flatMap(({ records }) => records.map(({ id }) => id));
    expect([ids.length, new Set(ids).size]).toEqual([ALIKE, ALIKE]);
    await expectSettled(fleet);
  },

  'S15 P8 rows written to tables that a load has passed already come with it or next': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItems('i', 61));
    await fleet.master.sql.script(
      Array.from({ length: 60 }, (_, n) => insertSale(`t${n}`, `i-${n + 1}`)).join(';'),
    );
    await syncWell(b);
    await a.app.run('UPDATE sync_state SET page_limit = 5');
    await loadPages(a, 6);
    expect(await countOf(a.app, 'SELECT count(*) AS n FROM transactions')).toBeGreaterThan(0);
    await fleet.master.sql.run(insertItem('0-before-all-others'));
    await fleet.master.sql.run("UPDATE inventories SET name = 'changed behind' WHERE id = 'i-1'");
    await fleet.master.sql.run("UPDATE inventories SET id = 'a-moved' WHERE id = 'i-61'");
    await b.app.run(insertItem('1-of-a-slave'));
    await syncWell(b);
    await expectSettled(fleet);
    expect(await valueOf(a.app, 'inventories', '0-before-all-others', 'name')).toBeDefined();
    expect(await valueOf(a.app, 'inventories', 'i-1', 'name')).toBe('changed behind');
    expect(await valueOf(a.app, 'inventories', 'a-moved', 'name')).toBe('name 61');
  },

  'S15 P8 a master that is written to all the time loses no row on the way': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await fleet.master.sql.run(insertItems('m', 100));
    for (const { app } of [a, b])
      await app.run('UPDATE sync_state SET page_limit = 7, batch_limit = 7');
    const writing = writeSlowly(await fleet.master.connect(), 40);
    await b.app.run(insertItems('b', 50));
    for (let round = 0; round < 4; round += 1) {
      await syncWell(a);
      await syncWell(b);
    }
    await writing;
    await expectSettled(fleet);
    expect((await idsOf(a.app, 'inventories')).length).toBe(100 + 50 + 40 - 10);
  },

  'S26 P8 a transaction of 1,000 rows is never seen in part, whatever the page limit': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a'] });
    const [a] = fleet.slaves;
    if (a === undefined) throw new Error('no slave');
    await syncAll(fleet);
    await a.app.run('UPDATE sync_state SET page_limit = 100');
    await fleet.master.sql.script(`BEGIN; ${insertItems('x', 1000)}; COMMIT`);
    const seen = await watching(a.app, 'SELECT count(*) AS n FROM inventories', () => syncWell(a));
    expect(seen).toEqual([0, 1000]);
    await fleet.master.sql.script("BEGIN; UPDATE inventories SET location = 'moved'; COMMIT");
    await a.app.run('UPDATE sync_state SET page_limit = 100');
    const moved = "SELECT count(*) AS n FROM inventories WHERE location = 'moved'";
    expect(await watching(a.app, moved, () => syncWell(a))).toEqual([0, 1000]);
    await expectSettled(fleet);
  },

  'S26 P8 an upload of many rows is never seen in part by another slave': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await syncAll(fleet);
    await b.app.run('UPDATE sync_state SET page_limit = 50');
    await a.app.script(`BEGIN; ${insertItems('x', 400)}; COMMIT`);
    await syncWell(a);
    const seen = await watching(b.app, 'SELECT count(*) AS n FROM inventories', () => syncWell(b));
    expect(seen).toEqual([0, 400]);
    await expectSettled(fleet);
  },

  'S27 P5 a download cut after any byte changes nothing, and the next one is whole': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a'] });
    const [a] = fleet.slaves;
    if (a === undefined) throw new Error('no slave');
    await fleet.master.sql.run(insertItem('old'));
    await syncAll(fleet);
    await fleet.master.sql.run(insertItems('new', 12));
    const { cursor } = await a.state();
    const length = await answerLength(fleet, cursor ?? '');
    const step = Math.max(1, Math.floor(length / 100));
    for (let at = 0; at < length; at += step) {
      cutDownloads(a, { kind: 'cut', afterBytes: at, end: at % 2 === 0 ? 'fin' : 'rst' });
      const report = await a.sync();
      expect([at, report.outcome, report.downloaded.records]).toEqual([at, 'failed', 0]);
      expect(await idsOf(a.app, 'inventories')).toEqual(['old']);
      expect((await a.state()).cursor).toBe(cursor);
    }
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
    expect((await idsOf(a.app, 'inventories')).length).toBe(13);
  },
};

/** Everything, as a plain client gets it page by page. */
async function allPages(fleet: Fleet, limit: string): Promise<readonly DownloadAnswer[]> {
  const answers = [await fleet.master.download({ limit })];
  for (;;) {
    const last = answers.at(-1);
    if (last?.has_more !== true) return answers;
    answers.push(await fleet.master.download({ limit, cursor: last.cursor }));
  }
}

/** Runs a cycle until some pages have come, then stops it. */
async function loadPages(slave: FleetSlave, count: number): Promise<void> {
  const stop = new AbortController();
  let left = count;
  const report = await slave.sync({
    signal: stop.signal,
    onProgress: ({ kind }) => {
      if (kind === 'downloaded') left -= 1;
      if (left === 0) stop.abort();
    },
  });
  expect(report.outcome).toBe('cancelled');
}

async function writeSlowly(connection: ForeignConnection, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await connection.run(insertItem(`${n % 10}-written-${n}`));
    if (n % 4 === 0) await connection.run(`DELETE FROM inventories WHERE id = 'm-${n + 1}'`);
    await tick();
  }
}

/** Runs `work` while a second connection asks the same question over and over; the different answers in order. */
async function watching(
  connection: ForeignConnection,
  query: string,
  work: () => Promise<unknown>,
): Promise<readonly number[]> {
  const seen: number[] = [];
  const watch = { isOn: true };
  const look = async (): Promise<void> => {
    const n = await countOf(connection, query);
    if (seen.at(-1) !== n) seen.push(n);
  };
  const looking = (async () => {
    while (watch.isOn) await look();
  })();
  await work();
  watch.isOn = false;
  await looking;
  await look();
  return seen;
}

function cutDownloads({ proxy }: FleetSlave, fault: Fault): void {
  proxy.script(({ url }) => (url.includes('/download') ? fault : undefined));
}

/** Bytes of the answer to the next download, head included, near enough for choosing where to cut. */
async function answerLength({ master }: Fleet, cursor: string): Promise<number> {
  const query = new URLSearchParams({ cursor, limit: '1000' });
  const answer = await fetch(`${master.url}/api/sync/download?${query}`, {
    headers: { 'accept-encoding': 'gzip' },
  });
  await answer.arrayBuffer();
  return Number(answer.headers.get('content-length') ?? 1500);
}
