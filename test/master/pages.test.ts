import { describe, expect, test } from 'vitest';
import { insertItem } from '../../common/storage/contract/change-log.testkit.ts';
import { samples } from '../../common/storage/contract/sample-tables.testkit.ts';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { keysOf, openTestMaster, slaveNamed } from './harness.ts';
import { pagesSuite } from './pages.contract.ts';
import { cursorAt } from './positions.contract.ts';

const B = slaveNamed('B');

describe('downloads from a SQLite master', () => {
  pagesSuite(createSqliteDatabase);

  test('DOWN3 pages of plain SQL changes are partial until the last, since SQLite tells no transactions apart', async () => {
    const master = await openTestMaster(createSqliteDatabase);
    const inserts = Array.from({ length: 250 }, (_, n) => insertItem(`i${n}`)).join('; ');
    await master.other.script(`BEGIN; ${inserts}; COMMIT`);
    const pages = await master.pages(B, { cursor: await cursorAt(master, 0), limit: 100 });
    expect(pages.map(({ records }) => records.length)).toEqual([100, 100, 50]);
    expect(pages.map(({ partial }) => partial)).toEqual([true, true, undefined]);
  });

  test('DOWN6 a row whose text is no UTF-8 is left out and logged, and the others arrive', async () => {
    const master = await openTestMaster(createSqliteDatabase, { definitions: [samples] });
    const bad = "CAST(x'61ff62' AS TEXT)";
    await master.other
      .script(`INSERT INTO samples (id, label) VALUES ('s1', 'good'), ('s2', ${bad}), ('s3', 'good');
      INSERT INTO samples (id, label) VALUES ('s4', char(65533))`);
    for (const start of [{}, { cursor: await cursorAt(master, 0) }]) {
      const logged = master.logLines.length;
      const page = await master.download(B, start);
      expect(keysOf(page.records)).toEqual(['samples/s1', 'samples/s3', 'samples/s4']);
      expect(page.has_more).toBe(false);
      expect(master.logLines.slice(logged)).toMatchObject([
        { level: 'warn', fields: { table: 'samples', id: 's2', code: 'text_invalid_unicode' } },
      ]);
    }
  });

  test('DOWN6 values that a column cannot hold are left out, whatever SQLite let in', async () => {
    const master = await openTestMaster(createSqliteDatabase, { definitions: [samples] });
    await master.other
      .script(`INSERT INTO samples (id, big) VALUES ('a', 'abc'), ('b', 1.5), ('c', x'00');
      INSERT INTO samples (id, price) VALUES ('d', 1.23456), ('e', 'x'), ('f', 9e999);
      INSERT INTO samples (id, seen_at) VALUES ('g', '2026-02-30 10:00:00'), ('h', 17000000);
      INSERT INTO samples (id, doc) VALUES ('i', '{');
      INSERT INTO samples (id, label) VALUES ('j', x'00'), ('k', 'a' || char(0) || 'b');
      INSERT INTO samples (id, code) VALUES ('l', '123456');
      INSERT INTO samples (id, label) VALUES ('z', 'good')`);
    for (const start of [{}, { cursor: await cursorAt(master, 0) }]) {
      const page = await master.download(B, start);
      expect(keysOf(page.records)).toEqual(['samples/z']);
    }
    expect(master.logLines.length).toBe(24);
  });
});
