import { describe, expect, it } from 'vitest';
import { emptyReport } from '../../core/sync-report.ts';
import { defineTable, key, text } from '../../core/table-definition.ts';
import type { NewOutboxEntry, RejectedChange } from '../slave-store.ts';
import { anInventory, briefly, insertInventory, makeSlave } from './slave-store.testkit.ts';

const AT = '2026-01-01T00:00:00.000Z';

const rejectedChange = (
  overrides: Partial<RejectedChange> = {},
): Omit<RejectedChange, 'rejectedId'> => ({
  direction: 'up',
  table: 'inventories',
  id: 'i1',
  action: 'update',
  columns: ['name', 'quantity'],
  row: anInventory({ quantity: '9007199254740993' }),
  before: anInventory(),
  deltas: { quantity: '9007199254740988' },
  counted: false,
  basePosition: 3,
  capturedAt: AT,
  code: 'row_unique',
  detail: 'inventories.sku',
  attempts: 1,
  triedAtProgress: 2,
  firstRejectedAt: AT,
  lastRejectedAt: AT,
  operation: 4,
  version: null,
  ...overrides,
});

const newEntry = (overrides: Partial<NewOutboxEntry> = {}): NewOutboxEntry => ({
  table: 'inventories',
  id: 'i1',
  action: 'update',
  columns: ['quantity'],
  row: anInventory({ quantity: '9007199254740993' }),
  before: null,
  deltas: { quantity: 2 },
  counted: false,
  basePosition: 7,
  capturedAt: AT,
  attempts: 3,
  ...overrides,
});

describe('state', () => {
  it('STATE1 keeps every field, also after reopening', async () => {
    const slave = await makeSlave();
    const patch = {
      pendingIncarnation: 'next',
      epoch: 'e',
      cursor: 'e.1',
      position: 9_007_199_254_740_991,
      nonce: 'n',
      exchangeId: 'x',
      trouble: 'slave_forked' as const,
      paused: true,
      lastSyncedAt: AT,
      lastAttemptAt: AT,
      nextAttemptAt: AT,
      retryCount: 4,
      lastError: { code: 'storage_busy' as const, message: 'm', hint: 'h', at: AT },
      clockOffsetMs: -86_400_000,
      batchLimit: 1,
      pageLimit: 2,
      loading: { rows: 1, totalRows: 2, startedAt: AT, resync: true, keepLocalOnly: false },
      progressCounter: 6,
    };
    await slave.store.write((tx) => tx.patchState(patch));
    const again = await makeSlave(undefined, slave.file);
    const state = await again.store.read((tx) => tx.state());
    expect(state).toEqual({
      incarnation: 'incarnation-1',
      ...patch,
      createdAt: '2026-01-31T12:00:00.000Z',
      updatedAt: slave.clock.nowIso(),
    });
    await again.store.write((tx) =>
      tx.patchState({ lastError: null, loading: null, paused: false, trouble: null }),
    );
    expect(await again.store.read((tx) => tx.state())).toMatchObject({
      lastError: null,
      loading: null,
      paused: false,
      position: patch.position,
    });
  });

  it('starts with usual sizes and nothing known', async () => {
    const slave = await makeSlave();
    expect(await slave.store.read((tx) => tx.state())).toMatchObject({
      epoch: null,
      cursor: null,
      position: 0,
      batchLimit: 500,
      pageLimit: 1000,
      retryCount: 0,
      clockOffsetMs: null,
      trouble: null,
    });
  });

  it('rolls back with its transaction', async () => {
    const slave = await makeSlave();
    const failing = slave.store.write(async (tx) => {
      await tx.patchState({ cursor: 'lost' });
      await tx.enqueue(newEntry());
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await slave.store.read((tx) => tx.state())).cursor).toBeNull();
    expect(await slave.entries()).toEqual([]);
  });
});

describe('outbox', () => {
  it('gives entries in order within limits of number and bytes', async () => {
    const slave = await makeSlave();
    await slave.app.exec(['a', 'b', 'c', 'd'].map((id) => insertInventory(id)).join(';'));
    const [first] = await slave.app.all<{ n: number }>(
      'SELECT length(image) AS n FROM sync_outbox',
    );
    const size = first?.n ?? 0;
    await slave.store.read(async (tx) => {
      expect(briefly(await tx.outbox(0, 2, 1e9))).toEqual(['create a', 'create b']);
      expect(briefly(await tx.outbox(2, 9, 1e9))).toEqual(['create c', 'create d']);
      expect(await tx.outbox(0, 9, size * 3)).toHaveLength(3);
      expect(await tx.outbox(1, 9, 1)).toHaveLength(1);
      expect(await tx.outbox(4, 9, 1e9)).toEqual([]);
      expect(await tx.pendingCount()).toBe(4);
      expect(await tx.pendingByTable()).toEqual([
        { table: 'inventories', action: 'create', count: 4 },
      ]);
    });
  });

  it('finds the unsent entries of rows', async () => {
    const slave = await makeSlave();
    await slave.app.exec(
      `${insertInventory('a')}; ${insertInventory('b')}; UPDATE inventories SET name = 'x'; DELETE FROM inventories WHERE id = 'a'`,
    );
    const pending = await slave.store.write(async (tx) => {
      await tx.voidEntry(1);
      return tx.pendingOf('inventories', ['a', 'none']);
    });
    expect([...pending.keys()]).toEqual(['a']);
    expect(briefly(pending.get('a') ?? [])).toEqual(['update a name', 'delete a']);
  });

  it('keeps what was enqueued exactly, at the end of the series', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('a'));
    const operations = await slave.store.write(async (tx) => [
      await tx.enqueue(newEntry()),
      await tx.enqueue(
        newEntry({ action: 'delete', columns: [], row: null, deltas: {}, counted: true }),
      ),
    ]);
    expect(operations).toEqual([2, 3]);
    const [, update, deletion] = await slave.entries();
    const { row, ...head } = newEntry();
    expect(update).toEqual({
      ...head,
      operation: 2,
      isVoid: false,
      after: { ok: true, row },
      before: null,
    });
    expect(deletion).toMatchObject({ action: 'delete', counted: true, before: null });
  });

  it('ONCE4 keeps the number of a void and none of its content', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`${insertInventory('a')}; UPDATE inventories SET quantity = 7`);
    await slave.store.write((tx) => tx.voidEntry(2));
    const [, entry] = await slave.entries();
    expect(entry).toMatchObject({ operation: 2, isVoid: true, deltas: {}, before: null });
    expect(await slave.store.read((tx) => tx.pendingCount())).toBe(1);
    const [raw] = await slave.app.all('SELECT image, before FROM sync_outbox WHERE op = 2');
    expect(raw).toEqual({ image: null, before: null });
  });

  it('ONCE1 never gives an operation number twice, also when everything was sent', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`${insertInventory('a')}; ${insertInventory('b')}`);
    await slave.store.write((tx) => tx.clearOutbox(2));
    await slave.app.exec(insertInventory('c'));
    expect((await slave.entries()).map(({ operation }) => operation)).toEqual([3]);
  });

  it('renumbers from 1 without voids for a new incarnation', async () => {
    const slave = await makeSlave();
    await slave.app.exec(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => insertInventory(id)).join(';'));
    await slave.store.write(async (tx) => {
      await tx.clearOutbox(1);
      await tx.voidEntry(3);
      await tx.dropEntries([5]);
      await tx.saveBatch({ batchId: 'b', firstOperation: 2, lastOperation: 4 });
      expect(await tx.currentBatch()).toEqual({
        batchId: 'b',
        firstOperation: 2,
        lastOperation: 4,
      });
      await tx.renumberOutbox();
      expect(await tx.currentBatch()).toBeNull();
    });
    await slave.app.exec(insertInventory('g'));
    expect((await slave.entries()).map(({ operation, id }) => `${operation}${id}`)).toEqual([
      '1b',
      '2d',
      '3f',
      '4g',
    ]);
    await slave.store.write(async (tx) => {
      await tx.clearOutbox(4);
      await tx.renumberOutbox();
    });
    await slave.app.exec(insertInventory('h'));
    expect((await slave.entries()).map(({ operation }) => operation)).toEqual([1]);
  });

  it('rebases unsent and rejected changes and shadows for a new epoch', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('a'));
    await slave.store.write(async (tx) => {
      await tx.addRejected([rejectedChange(), rejectedChange({ direction: 'down' })]);
      await tx.saveShadows([{ table: 'inventories', id: 'a', row: null, version: 40 }]);
      await tx.rebaseOutbox(2);
      expect((await tx.rejected()).map(({ basePosition }) => basePosition)).toEqual([2, 3]);
      expect((await tx.shadows('inventories', ['a'])).get('a')?.version).toBe(2);
    });
    expect((await slave.entries())[0]?.basePosition).toBe(2);
  });

  it('P6 reads entries of tables that are no longer declared', async () => {
    const things = defineTable({ name: 'things', columns: { id: key(), label: text() } });
    const slave = await makeSlave([things]);
    await slave.app.exec(`INSERT INTO things VALUES ('t', 'x'); UPDATE things SET label = 'y'`);
    const later = await makeSlave([], slave.file);
    const entries = await later.entries();
    expect(entries.map(({ after }) => after)).toMatchObject([
      { code: 'table_unknown' },
      { code: 'table_unknown' },
    ]);
  });

  it('P6 reads on past an entry whose content was damaged', async () => {
    const slave = await makeSlave();
    await slave.app.exec(
      `${insertInventory('a')}; ${insertInventory('b')}; UPDATE sync_outbox SET image = '{' WHERE op = 1`,
    );
    const [first, second] = await slave.entries();
    expect(first?.after).toMatchObject({ ok: false, code: 'record_invalid' });
    expect(second?.after.ok).toBe(true);
  });
});

describe('rejected changes', () => {
  it('come back as they were, by every filter', async () => {
    const slave = await makeSlave();
    await slave.store.write(async (tx) => {
      await tx.addRejected([]);
      await tx.addRejected([
        rejectedChange(),
        rejectedChange({
          id: 'i2',
          triedAtProgress: 5,
          counted: true,
          columns: [],
          row: null,
          before: null,
          deltas: {},
        }),
        rejectedChange({
          direction: 'down',
          table: 'transactions',
          id: 't1',
          operation: null,
          version: 12,
        }),
      ]);
      const all = await tx.rejected();
      expect(all[0]).toEqual({ rejectedId: 1, ...rejectedChange() });
      expect(all[1]).toMatchObject({
        rejectedId: 2,
        counted: true,
        columns: [],
        row: null,
        deltas: {},
      });
      expect(await tx.rejectedCount()).toBe(3);
      const ids = async (filter: Parameters<typeof tx.rejected>[0]): Promise<readonly number[]> =>
        (await tx.rejected(filter)).map(({ rejectedId }) => rejectedId);
      expect(await ids({ direction: 'down' })).toEqual([3]);
      expect(await ids({ table: 'inventories', ids: ['i2', 'x'] })).toEqual([2]);
      expect(await ids({ rejectedIds: [3, 1] })).toEqual([1, 3]);
      expect(await ids({ triedBefore: 5 })).toEqual([1, 3]);
      expect(await ids({ after: 1, limit: 1 })).toEqual([2]);
      expect(await ids({ ids: [] })).toEqual([]);
      await tx.removeRejected([1, 3, 99]);
      expect(await ids({})).toEqual([2]);
    });
  });
});

describe('shadows and acknowledged versions', () => {
  it('keep shadows while there is local work', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('a'));
    await slave.store.write(async (tx) => {
      await tx.addRejected([
        rejectedChange({ id: 'b' }),
        rejectedChange({ id: 'd', direction: 'down' }),
      ]);
      await tx.saveShadows(
        ['a', 'b', 'c', 'd'].map((id) => ({
          table: 'inventories',
          id,
          row: anInventory({ id }),
          version: 1,
        })),
      );
      await tx.saveShadows([{ table: 'inventories', id: 'a', row: null, version: 2 }]);
      await tx.pruneShadows();
      const shadows = await tx.shadows('inventories', ['a', 'b', 'c', 'd']);
      expect([...shadows.values()]).toEqual([
        { table: 'inventories', id: 'a', row: null, version: 2 },
        { table: 'inventories', id: 'b', row: anInventory({ id: 'b' }), version: 1 },
      ]);
      await tx.voidEntry(1);
      await tx.pruneShadows();
      expect([...(await tx.shadows('inventories', ['a', 'b'])).keys()]).toEqual(['b']);
    });
  });

  it('ECHO2 keep the greatest version until the cursor has passed it', async () => {
    const slave = await makeSlave();
    await slave.store.write(async (tx) => {
      const version = (id: string, value: number) => ({ table: 'inventories', id, version: value });
      await tx.acknowledge([version('a', 10), version('b', 20), version('a', 30)]);
      await tx.acknowledge([version('a', 5)]);
      expect(
        Object.fromEntries(await tx.acknowledgedVersions('inventories', ['a', 'b', 'c'])),
      ).toEqual({ a: 30, b: 20 });
      expect((await tx.acknowledgedVersions('transactions', ['a'])).size).toBe(0);
      await tx.forgetAcknowledged(29);
      expect(Object.fromEntries(await tx.acknowledgedVersions('inventories', ['a', 'b']))).toEqual({
        a: 30,
      });
    });
  });
});

describe('history, pages kept aside and counts', () => {
  it('P12 keeps the newest 1000 cycles', async () => {
    const slave = await makeSlave();
    await slave.store.write(async (tx) => {
      for (let index = 0; index < 1005; index += 1) await tx.beginCycle(AT);
      await tx.endCycle(1005, AT, { ...emptyReport, requests: 3 });
    });
    const cycles = await slave.store.read((tx) => tx.cycles(5000));
    expect(cycles).toHaveLength(1000);
    expect(cycles[0]).toEqual({
      cycleId: 1005,
      startedAt: AT,
      endedAt: AT,
      report: { ...emptyReport, requests: 3 },
    });
    expect(cycles[1]).toEqual({ cycleId: 1004, startedAt: AT, endedAt: null, report: null });
  });

  it('DOWN3 keeps pages aside in order', async () => {
    const slave = await makeSlave();
    await slave.store.write(async (tx) => {
      expect(await tx.stagedRows()).toBe(0);
      await tx.stagePage('one \u{1F600}', 3);
      await tx.stagePage('two', 4);
      expect(await tx.stagedRows()).toBe(7);
      expect((await tx.stagedPages()).map((page) => page.text)).toEqual(['one \u{1F600}', 'two']);
      await tx.clearStaged();
      expect(await tx.stagedPages()).toEqual([]);
    });
  });

  it('P14 counts rows, unsent and rejected changes and open conflicts by table', async () => {
    const slave = await makeSlave();
    await slave.app.exec(`${insertInventory('a')}; ${insertInventory('b')}`);
    await slave.store.write((tx) => tx.addRejected([rejectedChange()]));
    const counts = await slave.store.read((tx) => tx.tableCounts());
    expect(counts.map(({ table }) => table)).toEqual([
      'inventories',
      'transactions',
      'inventory_adjustments',
      'sync_conflicts',
    ]);
    expect(counts[0]).toEqual({
      table: 'inventories',
      rows: 2,
      pending: 2,
      rejected: 1,
      openConflicts: 0,
    });
  });
});

describe('reads', () => {
  it('see one moment, whatever others write meanwhile', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('a'));
    const [before, after] = await slave.store.read(async (tx) => {
      const count = await tx.pendingCount();
      await slave.app.exec(insertInventory('b'));
      return [count, await tx.pendingCount()];
    });
    expect([before, after]).toEqual([1, 1]);
    expect(await slave.store.read((tx) => tx.pendingCount())).toBe(2);
  });
});
