import { describe, expect, test } from 'vitest';
import type { UploadRecord } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import {
  ledger,
  nodes,
  notices,
  readings,
} from '../../common/storage/contract/sample-tables.testkit.ts';
import {
  batchOf,
  countOf,
  createItem,
  createSale,
  deleteOf,
  openTestMaster,
  plain,
  rowOf,
  slaveNamed,
  statusesOf,
  updateOf,
  type TestMaster,
} from './harness.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

/** What becomes of single rows of an upload (P4, P6, PLAIN1); call it within a `describe`. */
export function uploadRowsSuite(createDatabase: CreateDatabase): void {
  describe('bad rows among good ones', () => badRowTests(createDatabase));
  describe('rows of one batch that need each other', () => orderTests(createDatabase));
  describe('plain clients', () => plainTests(createDatabase));
  describe('deleted rows', () => deletedTests(createDatabase));
  describe('tables that sync one way', () => directionTests(createDatabase));
}

function badRowTests(createDatabase: CreateDatabase): void {
  test('P6 scenario 23: of 100 rows with a NOT NULL, a unique and a foreign key fault 97 are applied', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('taken', { sku: 'taken' })]));
    const records: UploadRecord[] = Array.from({ length: 97 }, (_, n) => createItem(`i${n}`));
    records.splice(10, 0, createItem('bad1', { name: null }));
    records.splice(50, 0, createItem('bad2', { sku: 'taken' }));
    records.splice(90, 0, createSale('bad3', 'nowhere'));
    const answer = await master.upload(A, batchOf(2, records));
    expect([answer.accepted, answer.rejected]).toEqual([97, 3]);
    const bad = answer.results.filter(({ status }) => status === 'rejected');
    expect(bad.map(({ id, error }) => [id, error?.code])).toEqual([
      ['bad1', 'row_not_null'],
      ['bad2', 'row_unique'],
      ['bad3', 'row_foreign_key'],
    ]);
    for (const { error } of bad) expect(error?.detail).not.toMatch(/taken'|nowhere|name bad/);
    expect(await countOf(master.other, 'inventories')).toBe(98);
    expect(statusesOf(await master.upload(A, batchOf(102, [createItem('next')])))).toEqual([
      'applied',
    ]);
  });

  test('P6 B54: of 500 rows of which 499 are bad the good one is applied', async () => {
    const master = await openTestMaster(createDatabase);
    const bad = Array.from({ length: 499 }, (_, n) => createSale(`t${n}`, 'nowhere'));
    const answer = await master.upload(
      A,
      batchOf(1, [...bad.slice(0, 300), createItem('good'), ...bad.slice(300)]),
    );
    expect([answer.accepted, answer.rejected]).toEqual([1, 499]);
    expect(new Set(statusesOf(answer))).toEqual(new Set(['applied', 'row_foreign_key']));
    expect(await countOf(master.other, 'transactions')).toBe(0);
  });

  test('P6 a batch in which every row is bad is answered, and the next one flows', async () => {
    const master = await openTestMaster(createDatabase);
    const answer = await master.upload(
      A,
      batchOf(1, [
        createSale('t1', 'nowhere'),
        createItem('i1', { quantity: '9223372036854775808' }),
        createItem('i2', { name: 'a\u0000b' }),
        createItem('i3', { unit_price: '1.23456' }),
        createItem('', {}),
        { table: 'sqlite_master', id: 'x', action: 'create' },
      ]),
    );
    expect(statusesOf(answer)).toEqual([
      'row_foreign_key',
      'value_out_of_range',
      'text_nul',
      'value_not_exact',
      'key_invalid',
      'table_unknown',
    ]);
    expect(await master.head()).toBe(0);
    expect(statusesOf(await master.upload(A, batchOf(7, [createItem('i9')])))).toEqual(['applied']);
  });

  test('P6 rows that refer to a rejected row are rejected for that', async () => {
    const master = await openTestMaster(createDatabase);
    const answer = await master.upload(
      A,
      batchOf(1, [
        createItem('i1', { name: null }),
        createSale('t1', 'i1'),
        updateOf('inventories', 'i1', { location: 'L' }, { base_version: 0 }),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['row_not_null', 'row_foreign_key', 'row_missing']);
  });

  test('P6 the changes of a row before a bad one stand, those behind it wait', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1'), createItem('i2')]));
    const base = { base_version: 2 };
    const answer = await master.upload(
      A,
      batchOf(3, [
        updateOf('inventories', 'i1', { location: 'L' }, base),
        updateOf('inventories', 'i1', { sku: 'sku-i2' }, base),
        updateOf('inventories', 'i1', { name: 'later' }, base),
        updateOf('inventories', 'i2', { name: 'good' }, base),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['applied', 'row_unique', 'row_waits', 'applied']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({
      location: 'L',
      name: 'name i1',
    });
  });

  test('a row that the master itself cannot read exactly refuses changes and keeps its content', async () => {
    const master = await openTestMaster(createDatabase);
    await master.other.run(
      "INSERT INTO inventories (id, sku, name, unit_price, created_at) VALUES ('i1', 's', 'n', 1, '2026-01-01 00:00:00.0005Z')",
    );
    if (master.other.dialect === 'postgres') {
      await master.other.run("UPDATE inventories SET created_at = 'infinity'");
    }
    const answer = await master.upload(
      A,
      batchOf(1, [
        updateOf('inventories', 'i1', { name: 'x' }, { base_version: 0 }),
        createItem('i2'),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['date_invalid', 'applied']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'n' });
  });
}

function orderTests(createDatabase: CreateDatabase): void {
  const skus = async (master: TestMaster): Promise<readonly unknown[]> =>
    (await master.other.all<{ sku: string }>('SELECT sku FROM inventories ORDER BY id')).map(
      ({ sku }) => sku,
    );

  test('children that come before their parents are applied with them', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [nodes] });
    const node = (id: string, parent: string | null): UploadRecord => ({
      table: 'nodes',
      id,
      action: 'create',
      data: { parent_id: parent, shop: 's', slot: id },
    });
    const answer = await master.upload(
      A,
      batchOf(1, [
        createSale('t1', 'i1'),
        createItem('i1'),
        node('a', 'b'),
        node('b', 'c'),
        node('c', null),
      ]),
    );
    expect(statusesOf(answer)).toEqual(Array(5).fill('applied'));
  });

  test('scenario 25: a self-referencing table takes children before parents, bad rows among them or not', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [nodes] });
    const chain = Array.from({ length: 40 }, (_, n): UploadRecord => ({
      table: 'nodes',
      id: `n${String(n).padStart(2, '0')}`,
      action: 'create',
      data: {
        parent_id: n === 39 ? null : `n${String(n + 1).padStart(2, '0')}`,
        shop: 's',
        slot: `${n}`,
      },
    }));
    const bad = {
      table: 'nodes',
      id: 'bad',
      action: 'create' as const,
      data: { parent_id: 'none', shop: 's', slot: 'x' },
    };
    const answer = await master.upload(
      A,
      batchOf(1, [...chain.slice(0, 20), bad, ...chain.slice(20)]),
    );
    expect([answer.accepted, answer.rejected]).toEqual([40, 1]);
    expect(answer.results[20]).toMatchObject({ id: 'bad', error: { code: 'row_foreign_key' } });
  });

  test('two rows can exchange a unique value in one batch', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1'), createItem('i2'), createItem('i3')]));
    const swap = (id: string, sku: string) =>
      updateOf('inventories', id, { sku }, { base_version: 3 });
    const answer = await master.upload(
      A,
      batchOf(4, [swap('i1', 'sku-i2'), swap('i2', 'sku-i3'), swap('i3', 'sku-i1')]),
    );
    expect(statusesOf(answer)).toEqual(['applied', 'applied', 'applied']);
    expect(await skus(master)).toEqual(['sku-i2', 'sku-i3', 'sku-i1']);
    const page = await master.download(B, {
      cursor: (await master.headCursor()).replace(/\d+$/, '3'),
    });
    expect(page.records.map(({ data }) => data?.['sku'])).toEqual(
      expect.arrayContaining(['sku-i2', 'sku-i3', 'sku-i1']),
    );
  });

  test('P6 so they can when another row of the batch is bad, and with a key of two columns', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [nodes] });
    const node = (id: string, slot: string, rest: Partial<UploadRecord> = {}): UploadRecord => ({
      table: 'nodes',
      id,
      action: 'create',
      data: { shop: 's', slot },
      ...rest,
    });
    await master.upload(
      A,
      batchOf(1, [
        createItem('i1'),
        createItem('i2'),
        createItem('i3'),
        node('a', '1'),
        node('b', '2'),
        node('c', '3'),
      ]),
    );
    const base = { base_version: 6 };
    const answer = await master.upload(
      A,
      batchOf(7, [
        updateOf('inventories', 'i1', { sku: 'sku-i2' }, base),
        updateOf('inventories', 'i2', { sku: 'sku-i1' }, base),
        updateOf('nodes', 'a', { slot: '2' }, base),
        updateOf('nodes', 'c', { parent_id: 'none' }, base),
        updateOf('nodes', 'b', { slot: '1' }, base),
      ]),
    );
    expect(statusesOf(answer)).toEqual([
      'applied',
      'applied',
      'applied',
      'row_foreign_key',
      'applied',
    ]);
    expect(await skus(master)).toEqual(['sku-i2', 'sku-i1', 'sku-i3']);
    expect(await rowOf(master.other, 'nodes', 'a')).toMatchObject({ slot: '2' });
  });

  test('a new row can take the unique value of one that the same batch deletes or renames', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1'), createItem('i2')]));
    const answer = await master.upload(
      A,
      batchOf(3, [
        deleteOf('inventories', 'i1', { base_version: 2 }),
        createItem('i3', { sku: 'sku-i1' }),
        updateOf('inventories', 'i2', { sku: 'new' }, { base_version: 2 }),
        createItem('i4', { sku: 'sku-i2' }),
      ]),
    );
    expect(statusesOf(answer)).toEqual(['applied', 'applied', 'applied', 'applied']);
    expect(await skus(master)).toEqual(['new', 'sku-i1', 'sku-i2']);
  });

  test('create, update and delete of one row in one batch leave what the last one says', async () => {
    const master = await openTestMaster(createDatabase);
    const answer = await master.upload(
      A,
      batchOf(1, [
        createItem('i1'),
        updateOf('inventories', 'i1', { name: 'x' }, { base_version: 0 }),
        deleteOf('inventories', 'i1', { base_version: 0 }),
        createItem('i2'),
        deleteOf('inventories', 'i2', { base_version: 0 }),
        createItem('i2', { name: 'again' }),
      ]),
    );
    expect(statusesOf(answer)).toEqual(Array(6).fill('applied'));
    expect(await rowOf(master.other, 'inventories', 'i1')).toBeUndefined();
    expect(await rowOf(master.other, 'inventories', 'i2')).toMatchObject({ name: 'again' });
  });
}

function plainTests(createDatabase: CreateDatabase): void {
  test('PLAIN1 the body of the seed alone creates, updates and deletes', async () => {
    const master = await openTestMaster(createDatabase);
    const data = { sku: 'A-1', name: 'Tea', quantity: 5, unit_price: 2.5 };
    const send = async (action: 'create' | 'update' | 'delete', values: object) =>
      statusesOf(
        await master.upload(plain, {
          records: [{ table: 'inventories', data: values, action, id: 'p1' }],
        }),
      );
    expect(await send('create', data)).toEqual(['applied']);
    expect(await send('update', { name: 'Green tea' })).toEqual(['applied']);
    expect(await rowOf(master.other, 'inventories', 'p1')).toMatchObject({
      name: 'Green tea',
      sku: 'A-1',
    });
    expect(await send('create', { ...data, location: 'B2' })).toEqual(['applied']);
    expect(await rowOf(master.other, 'inventories', 'p1')).toMatchObject({
      name: 'Tea',
      location: 'B2',
    });
    expect(await send('delete', {})).toEqual(['applied']);
    expect(await send('delete', {})).toEqual(['applied']);
    expect(await countOf(master.other, 'inventories')).toBe(0);
  });

  test('PLAIN1 what a plain client sends is set, whatever happened meanwhile, and nothing is a conflict', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.upload(
      B,
      batchOf(1, [updateOf('inventories', 'i1', { name: 'b' }, { base_version: 1 })]),
    );
    const answer = await master.upload(plain, {
      records: [updateOf('inventories', 'i1', { name: 'p', quantity: 3 })],
    });
    expect([statusesOf(answer), answer.conflicts]).toEqual([['applied'], 0]);
    const row = await rowOf(master.other, 'inventories', 'i1');
    expect([row?.['name'], Number(row?.['quantity'])]).toEqual(['p', 3]);
  });

  test('PLAIN1 an update of a row that was never there creates it if it is whole, else it is row_missing', async () => {
    const master = await openTestMaster(createDatabase);
    const answer = await master.upload(plain, {
      records: [
        updateOf('inventories', 'p1', { name: 'half' }),
        { ...createItem('p2'), action: 'update' as const },
      ],
    });
    expect(statusesOf(answer)).toEqual(['row_missing', 'applied']);
  });

  test('records of any form are judged one by one', async () => {
    const master = await openTestMaster(createDatabase);
    const records = [
      null,
      7,
      'x',
      [],
      {},
      { table: 'inventories' },
      createItem('ok'),
      { ...createItem('i2'), extra: 1 },
      { ...createItem('i3'), 'x-note': 1 },
      { ...createItem('i4'), action: 'upsert' },
      { ...createItem('i5'), base_version: -1 },
      { ...createItem('i6'), data: 'text' },
      createItem('i7', { id: 'other' }),
      createItem('i8', { color: 'red' }),
    ];
    const answer = await master.upload(plain, { records });
    expect(statusesOf(answer)).toEqual([
      'record_invalid',
      'record_invalid',
      'record_invalid',
      'record_invalid',
      'table_unknown',
      'action_invalid',
      'applied',
      'record_invalid',
      'applied',
      'action_invalid',
      'version_invalid',
      'record_invalid',
      'key_invalid',
      'column_unknown',
    ]);
  });
}

function deletedTests(createDatabase: CreateDatabase): void {
  const deleted = async (): Promise<TestMaster> => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await master.upload(A, batchOf(2, [deleteOf('inventories', 'i1', { base_version: 1 })]));
    return master;
  };

  test('P4 scenario 19: an update that did not know of the deletion does not revive a row for a plain client', async () => {
    const master = await deleted();
    const answer = await master.upload(plain, {
      records: [
        updateOf('inventories', 'i1', { name: 'back' }),
        { ...createItem('i1'), action: 'update' },
        deleteOf('inventories', 'i1'),
      ],
    });
    expect(statusesOf(answer)).toEqual(['row_deleted', 'row_deleted', 'applied']);
    expect(await countOf(master.other, 'inventories')).toBe(0);
  });

  test("P4 a slave's update of a row that it deleted itself does not revive it", async () => {
    const master = await deleted();
    const answer = await master.upload(
      A,
      batchOf(3, [updateOf('inventories', 'i1', { name: 'x' }, { base_version: 1 })]),
    );
    expect(statusesOf(answer)).toEqual(['row_deleted']);
  });

  test('P4 MERGE6 scenario 21: a newer insert makes the row anew, in a new generation', async () => {
    const master = await deleted();
    expect(
      statusesOf(await master.upload(plain, { records: [createItem('i1', { name: 'new' })] })),
    ).toEqual(['applied']);
    const log = await master.other.all<{ generation: number }>(
      'SELECT generation FROM sync_changes ORDER BY generation',
    );
    expect(log.map(({ generation }) => generation)).toEqual([1, 2, 3]);
    const page = await master.download(B);
    expect(page.records).toMatchObject([{ id: 'i1', data: { name: 'new' } }]);
  });

  test('P4 MERGE6: an update made to the row before loses to the one made anew, and is recorded', async () => {
    const master = await deleted();
    await master.upload(plain, { records: [createItem('i1', { name: 'new' })] });
    const answer = await master.upload(
      B,
      batchOf(1, [updateOf('inventories', 'i1', { name: 'old' }, { base_version: 1 })]),
    );
    expect(statusesOf(answer)).toEqual(['conflict']);
    expect(await rowOf(master.other, 'inventories', 'i1')).toMatchObject({ name: 'new' });
    const [conflict] = await master.other.all<{ policy: string; outcome: string }>(
      'SELECT * FROM sync_conflicts',
    );
    expect(conflict).toMatchObject({ policy: 'generation', outcome: 'master' });
  });
}

function directionTests(createDatabase: CreateDatabase): void {
  test('a table that only comes down takes nothing, one that only goes up does', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [notices, readings] });
    const body = { body: 'x' };
    const answer = await master.upload(
      A,
      batchOf(1, [
        { table: 'notices', id: 'n1', action: 'create', data: body },
        { table: 'readings', id: 'r1', action: 'create', data: body },
      ]),
    );
    expect(statusesOf(answer)).toEqual(['row_direction', 'applied']);
  });

  test('an append-only table takes new rows and repetitions of them', async () => {
    const master = await openTestMaster(createDatabase, { definitions: [ledger] });
    const entry = (note: string, rest: Partial<UploadRecord> = {}): UploadRecord => ({
      table: 'ledger',
      id: 'l1',
      action: 'create',
      data: { note },
      base_version: 0,
      ...rest,
    });
    const answer = await master.upload(
      A,
      batchOf(1, [
        entry('a'),
        entry('a'),
        entry('b'),
        entry('b', { action: 'update' }),
        deleteOf('ledger', 'l1', { base_version: 0 }),
      ]),
    );
    expect(statusesOf(answer)).toEqual([
      'applied',
      'applied',
      'row_append_only',
      'row_append_only',
      'row_append_only',
    ]);
    expect(await rowOf(master.other, 'ledger', 'l1')).toMatchObject({ note: 'a' });
  });
}
