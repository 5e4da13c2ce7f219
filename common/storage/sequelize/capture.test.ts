import { describe, expect, test } from 'vitest';
import type { ForeignConnection } from '../../testkit/foreign-connection.ts';
import { createSqliteDatabase } from '../../testkit/sqlite.ts';
import { captureContract } from '../contract/capture.contract.ts';
import { capturedRows, capturedTexts, insertItem } from '../contract/change-log.testkit.ts';
import { openMasterDatabase } from '../contract/master-database.testkit.ts';
import { nodes, samples } from '../contract/sample-tables.testkit.ts';

describe('capture on a SQLite master', () => {
  captureContract(createSqliteDatabase);

  const open = async (): Promise<ForeignConnection> =>
    (await openMasterDatabase(createSqliteDatabase, { definitions: [samples, nodes] })).connect();

  test('INSERT OR REPLACE of a row that is there is an update of what differs', async () => {
    const other = await open();
    const replace = insertItem('i1').replace('INSERT', 'INSERT OR REPLACE');
    await other.run(`${replace.slice(0, -1)})`);
    await other.run(replace.replace("'name i1', 10", "'Tea', 12"));
    const texts = await capturedTexts(other);
    expect(texts[0]).toBe('create i1');
    expect(texts[1]).toMatch(/^update i1 name,quantity/);
    const [, update] = await capturedRows(other);
    expect(JSON.parse(update?.moves ?? '{}')).toEqual({ quantity: 2 });
  });

  test('INSERT OR REPLACE that changes nothing leaves no change', async () => {
    const other = await open();
    const replace = `INSERT OR REPLACE INTO nodes (id, shop, slot) VALUES ('n1', 's', '1')`;
    await other.run(replace);
    await other.run(replace);
    expect(await capturedTexts(other)).toEqual(['create n1']);
  });

  test('rows that OR REPLACE pushes aside by a unique value are captured as deleted', async () => {
    const other = await open();
    await other.run("INSERT INTO nodes (id, shop, slot) VALUES ('n1', 's', '1'), ('n2', 's', '2')");
    await other.run("INSERT OR REPLACE INTO nodes (id, shop, slot) VALUES ('n3', 's', '1')");
    await other.run("UPDATE OR REPLACE nodes SET slot = '2' WHERE id = 'n3'");
    expect((await capturedTexts(other)).slice(2)).toEqual([
      'delete n1',
      'create n3',
      'delete n2',
      'update n3 slot',
    ]);
  });

  test('text that is no UTF-8 is captured with its bytes', async () => {
    const other = await open();
    await other.run("INSERT INTO samples (id, label) VALUES ('s1', CAST(x'61ff62' AS TEXT))");
    const [row] = await other.all<{ hex: string }>('SELECT hex(image) AS hex FROM sync_changes');
    expect(row?.hex).toContain('61FF62');
  });
});
