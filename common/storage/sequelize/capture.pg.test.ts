import type pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyPostgresDatabase } from '../../testkit/empty-postgres.ts';
import type { ForeignConnection } from '../../testkit/foreign-connection.ts';
import { captureContract } from '../contract/capture.contract.ts';
import { capturedRows, capturedTexts, insertItem } from '../contract/change-log.testkit.ts';
import { openMasterDatabase } from '../contract/master-database.testkit.ts';
import { notesLatest, samples } from '../contract/sample-tables.testkit.ts';

describe('capture on a PostgreSQL master', () => {
  captureContract(emptyPostgresDatabase);

  const open = async (): Promise<ForeignConnection> =>
    (
      await openMasterDatabase(emptyPostgresDatabase, { definitions: [samples, notesLatest] })
    ).connect();

  test('F64 TRUNCATE is captured as the deletion of every row, cascades too', async () => {
    const other = await open();
    await other.run(insertItem('i1'));
    await other.run(
      "INSERT INTO inventory_adjustments (id, inventory_id, quantity_change, reason) VALUES ('a1', 'i1', 1, 'found')",
    );
    await other.script(`BEGIN; TRUNCATE inventories CASCADE; ROLLBACK`);
    expect(await capturedTexts(other)).toEqual(['create i1', 'create a1']);
    await other.run('TRUNCATE inventories CASCADE');
    expect((await capturedTexts(other)).slice(2).toSorted()).toEqual(['delete a1', 'delete i1']);
    expect((await capturedRows(other)).at(-1)?.generation).toBe(2);
  });

  test('COPY is captured', async () => {
    const other = await open();
    await copyInto(
      other,
      'COPY inventories (id, sku, name, quantity, unit_price) FROM STDIN',
      'c1\ts1\tone\t1\t1.5\nc2\ts2\ttwo\t2\t2.5\n',
    );
    expect(await capturedTexts(other)).toEqual(['create c1', 'create c2']);
  });

  test('MERGE is captured', async () => {
    const other = await open();
    await other.run(insertItem('i1'));
    await other.run(`MERGE INTO inventories t USING (VALUES ('i1', 'x'), ('i2', 'y')) AS s(id, name) ON t.id = s.id
      WHEN MATCHED THEN UPDATE SET name = s.name
      WHEN NOT MATCHED THEN INSERT (id, sku, name, unit_price) VALUES (s.id, s.id, s.name, 1)`);
    expect((await capturedTexts(other)).slice(1).toSorted()).toEqual([
      'create i2',
      'update i1 name',
    ]);
  });

  test('keys that rows exchange in one statement are two updates', async () => {
    const other = await open();
    await other.run("INSERT INTO notes_latest (id, body) VALUES ('n1', 'a'), ('n2', 'b')");
    await other.script(`BEGIN; ALTER TABLE notes_latest DROP CONSTRAINT notes_latest_pkey;
      ALTER TABLE notes_latest ADD PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED; COMMIT`);
    await other.run("UPDATE notes_latest SET id = CASE id WHEN 'n1' THEN 'n2' ELSE 'n1' END");
    expect((await capturedTexts(other)).slice(2).toSorted()).toEqual([
      'update n1 body',
      'update n2 body',
    ]);
  });

  test('a user with rights on the rows alone, and another search path, is captured', async () => {
    const master = await openMasterDatabase(emptyPostgresDatabase);
    const other = await master.connect();
    const role = `app_${new URL(master.url).pathname.slice(1)}`;
    await other.script(`CREATE ROLE ${role}; GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON inventories TO ${role};
      CREATE SCHEMA elsewhere; GRANT USAGE ON SCHEMA elsewhere, public TO ${role}`);
    onTestFinished(async () => {
      await other.script(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    await other.script(`SET ROLE ${role}; SET search_path TO elsewhere`);
    const into = 'public.inventories';
    await other.run(insertItem('i1').replace('inventories', into));
    await other.run(`UPDATE ${into} SET name = 'x'`);
    await other.run(`DELETE FROM ${into}`);
    await other.run(insertItem('i2').replace('inventories', into));
    await other.run(`TRUNCATE ${into} CASCADE`).catch(() => other.run(`DELETE FROM ${into}`));
    await other.script('RESET ROLE; RESET search_path');
    expect(await capturedTexts(other)).toEqual([
      'create i1',
      'update i1 name',
      'delete i1',
      'create i2',
      'delete i2',
    ]);
  });

  test('the settings of a session change nothing in what is captured', async () => {
    const other = await open();
    await other.script(
      "SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET bytea_output = 'escape'; SET extra_float_digits = -10",
    );
    await other.run(
      "INSERT INTO samples (id, seen_at, bytes, price) VALUES ('s1', '2026-01-31 12:00:00.123Z', '\\x00ff', 12345.6789)",
    );
    const [row] = await capturedRows(other);
    expect(JSON.parse(row?.image ?? '')).toMatchObject({
      seen_at: '2026-01-31T12:00:00.123000Z',
      bytes: { $blob: '00ff' },
      price: '12345.6789',
    });
    expect(row?.changed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(row?.changed_at ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test('an open upload does not lend its origin to another session', async () => {
    const master = await openMasterDatabase(emptyPostgresDatabase, {
      definitions: [notesLatest],
    });
    const other = await master.connect();
    await master.store.write(async (tx) => {
      const row = { id: 'n1', body: 'a', place: null };
      await tx.applyWrites([{ kind: 'insert', table: 'notes_latest', id: 'n1', row }], {
        slave: 'A',
        transaction: 'A:1',
      });
      await other.run("INSERT INTO notes_latest (id, body) VALUES ('n2', 'b')");
    });
    const rows = await capturedRows(other);
    expect(Object.fromEntries(rows.map(({ row_id: id, origin }) => [id, origin]))).toEqual({
      n1: 'A',
      n2: '',
    });
  });
});

/** `COPY ... FROM STDIN` with the bare driver. */
async function copyInto(other: ForeignConnection, sql: string, content: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const copy = {
      submit: (connection: pg.Connection) => connection.query(sql),
      handleCopyInResponse: (connection: {
        sendCopyFromChunk(chunk: Buffer): void;
        endCopyFrom(): void;
      }) => {
        connection.sendCopyFromChunk(Buffer.from(content));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => resolve(),
      handleError: (error: Error) => reject(error),
    };
    other.client?.query(copy as unknown as pg.Submittable);
  });
}
