import { describe, expect, it } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import { discardRejectedChanges } from './rejected.ts';
import { deletedRecord, pageRecord, resultsOf } from './scripted-master.testkit.ts';
import { aRow } from './sync-builders.testkit.ts';
import { openTestSlave } from './test-slave.testkit.ts';

const ANY_TEXT: unknown = expect.any(String);

describe('a cycle', () => {
  it('CYCLE1 uploads local work, downloads news, acknowledges, and says so', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 12)],
      position: 12,
    }));
    const report = await slave.sync();
    expect(report).toMatchObject({ outcome: 'success', error: null, pending: 0, requests: 3 });
    expect(report.uploaded).toMatchObject({ records: 1, applied: 1 });
    expect(report.downloaded).toMatchObject({ records: 1, updated: 1 });
    expect(await slave.row('g2')).toEqual(aRow({ id: 'g2', sku: 's2' }));
    expect(slave.master.acknowledgements).toMatchObject([
      { status: 'success', cursor: 'e1.12', pending: 0 },
    ]);
    expect(await slave.state()).toMatchObject({
      cursor: 'e1.12',
      position: 12,
      epoch: 'e1',
      retryCount: 0,
    });
  });

  it('ID1 carries the nonce and a written exchange id on the first request only', async () => {
    const slave = await openTestSlave();
    await slave.sync();
    await slave.sync();
    const exchanges = slave.master.identities.map(({ nonce, exchangeId }) => ({
      nonce,
      exchangeId,
    }));
    const [first, , second] = exchanges;
    expect(first).toEqual({ nonce: null, exchangeId: ANY_TEXT });
    expect(exchanges[1]).toEqual({ nonce: `nonce-of-${first?.exchangeId}`, exchangeId: null });
    expect(second).toEqual({
      nonce: `nonce-of-${first?.exchangeId}`,
      exchangeId: ANY_TEXT,
    });
    expect(second?.exchangeId).not.toBe(first?.exchangeId);
  });

  it('ID2 repeats the same exchange when its answer was lost', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => lost());
    await slave.sync();
    await slave.sync();
    expect(slave.master.identities[1]).toEqual(slave.master.identities[0]);
  });

  it('BACK1 remembers a failure and when the next attempt is due, and forgets both after a success', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => {
      throw new SyncError('transport_unreachable', 'nobody there');
    });
    const report = await slave.sync();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'transport_unreachable' } });
    expect(await slave.state()).toMatchObject({
      retryCount: 1,
      lastError: { code: 'transport_unreachable', message: 'nobody there' },
      nextAttemptAt: '2026-01-31T12:00:05.000Z',
      lastSyncedAt: null,
    });
    await slave.sync();
    expect(await slave.state()).toMatchObject({
      retryCount: 0,
      lastError: null,
      nextAttemptAt: null,
    });
  });

  it('goes on with the download when the upload failed on its way, and tells the master', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push(() => lost());
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 12)],
    }));
    expect(await slave.sync()).toMatchObject({
      outcome: 'failed',
      pending: 1,
      downloaded: { records: 1 },
    });
    expect(slave.master.acknowledgements).toMatchObject([{ status: 'failed', pending: 1 }]);
  });

  it('ends at once when the master is not there', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push(() => {
      throw new SyncError('transport_unreachable', 'nobody there');
    });
    await slave.sync();
    expect(slave.master.downloads).toEqual([]);
    expect(slave.master.acknowledgements).toEqual([]);
  });

  it.each([
    ['slave_forked', 'slave_forked'],
    ['slave_rewound', 'slave_rewound'],
    ['sequence_gap', 'slave_rewound'],
    ['batch_id_reused', 'slave_rewound'],
    ['epoch_changed', 'epoch_changed'],
  ] as const)(
    'ID5 stops on %s with everything as it was, and stays stopped',
    async (code, trouble) => {
      const slave = await openTestSlave();
      await slave.insert(aRow());
      slave.master.onUpload.push(() => {
        throw new SyncError(code, 'no');
      });
      expect(await slave.sync()).toMatchObject({ outcome: 'failed', error: { code }, pending: 1 });
      expect(await slave.state()).toMatchObject({ trouble, nextAttemptAt: null });
      const asked = slave.master.identities.length;
      expect(await slave.sync()).toMatchObject({ outcome: 'failed', error: { code: trouble } });
      expect(slave.master.identities).toHaveLength(asked);
    },
  );

  it('P15 notices another epoch by any answer and takes nothing from it', async () => {
    const slave = await openTestSlave();
    await slave.sync();
    slave.master.epoch = 'e2';
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 12)] }));
    expect(await slave.sync()).toMatchObject({ error: { code: 'epoch_changed' } });
    expect(await slave.row('g1')).toBeNull();
    expect(await slave.state()).toMatchObject({ trouble: 'epoch_changed', epoch: 'e1' });
  });

  it('P16 stops between steps when asked to, without harm', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    const stop = new AbortController();
    slave.master.onUpload.push(() => {
      stop.abort();
      return {};
    });
    expect(await slave.sync(stop.signal)).toMatchObject({
      outcome: 'cancelled',
      uploaded: { records: 1 },
    });
    expect(slave.master.downloads).toEqual([]);
    expect(await slave.state()).toMatchObject({ retryCount: 0, lastError: null });
  });

  it('keeps its history', async () => {
    const slave = await openTestSlave();
    await slave.sync();
    const cycles = await slave.store.read((tx) => tx.cycles(5));
    expect(cycles).toMatchObject([{ report: { outcome: 'success' }, endedAt: ANY_TEXT }]);
  });
});

describe('an upload', () => {
  it('ONCE1 sends the same batch again when the answer was lost', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push(() => lost());
    await slave.sync();
    await slave.insert(aRow({ id: 'g2', sku: 's2' }));
    await slave.sync();
    const [first, again, rest] = slave.master.uploads;
    expect({ ...again, sent_at: '' }).toEqual({ ...first, sent_at: '', epoch: 'e1' });
    expect(rest).toMatchObject({ first_op: 2, last_op: 2 });
    expect(await slave.pending()).toBe(0);
  });

  it('sends how much counters moved', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    await slave.sync();
    await slave.sql("UPDATE goods SET quantity = quantity - 3, name = 'Coffee' WHERE id = 'g1'");
    await slave.sync();
    expect(slave.master.uploads.at(-1)?.records).toMatchObject([
      { action: 'update', op: 2, data: { name: 'Coffee' }, delta: { quantity: -3 } },
    ]);
  });

  it('shows the row that the master merged, with later local changes on top', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push((upload) => {
      return resultsOf(upload, (result) => ({
        ...result,
        status: 'merged',
        row: aRow({ name: 'Cocoa', quantity: 50 }),
      }));
    });
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Cocoa', quantity: 50 }));
    expect(await slave.pending()).toBe(0);
  });

  it('SIZE1 halves a batch that is refused for its size until it fits', async () => {
    const slave = await openTestSlave();
    for (const n of [1, 2, 3, 4]) await slave.insert(aRow({ id: `g${n}`, sku: `s${n}` }));
    const tooLarge = (): never => {
      throw new SyncError('body_too_large', 'too large');
    };
    slave.master.onUpload.push(tooLarge, tooLarge);
    expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0, rejected: 0 });
    expect(slave.master.uploads.map(({ records }) => records.length)).toEqual([4, 2, 1, 2, 1]);
    expect(new Set(slave.master.uploads.map(({ batch_id }) => batch_id)).size).toBe(5);
  });

  it('SIZE1 only splits a batch that may have been taken before it was refused for its size', async () => {
    const slave = await openTestSlave();
    const tooLarge = (): never => {
      throw new SyncError('body_too_large', 'too large');
    };
    for (const n of [1, 2, 3]) await slave.insert(aRow({ id: `g${n}`, sku: `s${n}` }));
    slave.master.onUpload.push(() => lost());
    await slave.sync();
    await slave.sql("DELETE FROM goods WHERE id = 'g2'");
    slave.master.onUpload.push(tooLarge);
    expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0, rejected: 0 });
    const [first, ...others] = slave.master.uploads.map(({ records }) => records);
    expect(others.map((records) => records.length)).toEqual([3, 1, 1, 1, 1]);
    expect(others.slice(1, 4).flat()).toEqual(first);
  });

  it('P6 sets a single row aside that is too large, and goes on', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push(() => {
      throw new SyncError('body_too_large', 'too large');
    });
    await slave.insert(aRow({ id: 'g2', sku: 's2' }));
    slave.master.onUpload.push(() => {
      throw new SyncError('body_too_large', 'too large');
    });
    expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0, rejected: 1 });
    expect(await slave.rejected()).toMatchObject([{ id: 'g1', code: 'row_too_large' }]);
  });

  it('SIZE1 repeats a batch that timed out as it was, and makes the next one smaller', async () => {
    const slave = await openTestSlave();
    for (const n of [1, 2, 3, 4]) await slave.insert(aRow({ id: `g${n}`, sku: `s${n}` }));
    slave.master.onUpload.push(() => {
      throw new SyncError('transport_timeout', 'too slow');
    });
    expect(await slave.sync()).toMatchObject({
      outcome: 'failed',
      error: { code: 'transport_timeout' },
    });
    expect((await slave.state()).batchLimit).toBe(2);
    await slave.sync();
    expect(slave.master.uploads[1]?.batch_id).toBe(slave.master.uploads[0]?.batch_id);
  });

  it('refuses an answer that does not fit the batch, and keeps the batch', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    slave.master.onUpload.push(() => ({ results: [] }));
    expect(await slave.sync()).toMatchObject({
      error: { code: 'transport_invalid_answer' },
      pending: 1,
    });
  });

  it('says nothing of rows that were made and deleted since the last upload', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    await slave.insert(aRow({ id: 'g2', sku: 's2' }));
    await slave.sql("UPDATE goods SET name = 'Cocoa' WHERE id = 'g1'");
    await slave.sql("DELETE FROM goods WHERE id = 'g1'");
    expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0 });
    const sent = slave.master.uploads.flatMap(({ records }) => records);
    expect(sent.map(({ id, action, data }) => [id, action, data?.['name']])).toEqual([
      ['g1', 'update', undefined],
      ['g2', 'create', 'Tea'],
      ['g1', 'update', undefined],
      ['g1', 'update', undefined],
    ]);
  });

  it('P13 sets a change aside that cannot be carried exactly, and sends the others', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow());
    await slave.sql(
      "INSERT INTO goods SELECT 'g2', 's2', name, quantity, 1.234567, updated_at FROM goods",
    );
    expect(await slave.sync()).toMatchObject({ outcome: 'success', pending: 0, rejected: 1 });
    expect(await slave.rejected()).toMatchObject([{ id: 'g2', code: 'value_not_exact' }]);
    await slave.sql("UPDATE goods SET price = 1.23 WHERE id = 'g2'");
    expect(await slave.sync()).toMatchObject({ pending: 0, rejected: 0 });
    const last = slave.master.uploads.at(-1)?.records.at(-1);
    expect(last).toMatchObject({ id: 'g2', action: 'create', data: { price: '1.23', sku: 's2' } });
  });
});

describe('a download', () => {
  it('REBASE1 shows news of others with unsent work on top, and the sum once it is sent', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 11)], position: 11 }));
    await slave.sync();
    await slave.sql("UPDATE goods SET quantity = quantity - 3 WHERE id = 'g1'");
    slave.master.onUpload.push(() => lost());
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ name: 'Cocoa', quantity: 30 }), 12)],
      position: 12,
      last_op: 0,
    }));
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Cocoa', quantity: 27 }));
    slave.master.onUpload.push((upload) =>
      resultsOf(upload, (result) => ({
        ...result,
        version: 13,
        status: 'merged',
        row: aRow({ name: 'Cocoa', quantity: 27 }),
      })),
    );
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Cocoa', quantity: 27 }));
    expect(await slave.pending()).toBe(0);
  });

  it('REBASE2 shows no amount twice when only the answer to it was lost', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 11)], position: 11 }));
    await slave.sync();
    await slave.sql("UPDATE goods SET quantity = quantity - 3 WHERE id = 'g1'");
    slave.master.onUpload.push(() => lost());
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ name: 'Cocoa', quantity: 7 }), 13)],
      position: 13,
      last_op: 1,
    }));
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ quantity: 7 }));
    slave.master.onUpload.push((upload) =>
      resultsOf(upload, (result) => ({ ...result, version: 12 })),
    );
    await slave.sync();
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Cocoa', quantity: 7 }));
  });

  it('ECHO2 skips what is older than an own accepted change', async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow({ name: 'Newest' }));
    slave.master.onUpload.push((upload) =>
      resultsOf(upload, (result) => ({ ...result, version: 20 })),
    );
    slave.master.onDownload.push(
      () => ({ records: [pageRecord(aRow({ name: 'Older' }), 15)], position: 15, has_more: true }),
      () => ({ records: [pageRecord(aRow({ name: 'Newer' }), 25)], position: 25 }),
    );
    const names: unknown[] = [];
    await slave.sync(undefined, async () => names.push((await slave.row('g1'))?.['name']));
    expect(names).not.toContain('Older');
    expect((await slave.row('g1'))?.['name']).toBe('Newer');
  });

  it('DOWN3 shows a transaction that comes in parts only when it is complete', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(
      () => ({ records: [pageRecord(aRow(), 11)], position: 11, has_more: true, partial: true }),
      () => lost(),
      () => ({ records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 12)], position: 12 }),
    );
    await slave.sync();
    expect(await slave.row('g1')).toBeNull();
    await slave.sync();
    expect([await slave.row('g1'), await slave.row('g2')]).not.toContain(null);
    expect(slave.master.downloads[2]).toMatchObject({ cursor: 'e1.11' });
  });

  it('F35 refuses a page with a wrong row whole and keeps the cursor', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow(), 11), pageRecord({ ...aRow(), id: 'g2', price: 'x' }, 12)],
    }));
    expect(await slave.sync()).toMatchObject({ error: { code: 'transport_invalid_answer' } });
    expect(await slave.row('g1')).toBeNull();
    expect((await slave.state()).cursor).toBeNull();
  });

  it('ends when the master says that there is more but does not move', async () => {
    const slave = await openTestSlave();
    const stuck = () => ({ has_more: true, position: 11 });
    slave.master.onDownload.push(stuck, stuck);
    expect(await slave.sync()).toMatchObject({ error: { code: 'transport_invalid_answer' } });
  });

  it('P4 deletes what the master deleted', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 11)], position: 11 }));
    await slave.sync();
    slave.master.onDownload.push(() => ({ records: [deletedRecord('g1', 12)], position: 12 }));
    await slave.sync();
    expect(await slave.row('g1')).toBeNull();
    expect(await slave.pending()).toBe(0);
  });

  it('takes rows that exchange a unique value', async () => {
    const slave = await openTestSlave();
    const rows = [aRow(), aRow({ id: 'g2', sku: 's2' })] as const;
    slave.master.onDownload.push(() => ({
      records: rows.map((row, index) => pageRecord({ ...row, id: `g${index + 1}` }, 11 + index)),
      position: 12,
    }));
    await slave.sync();
    slave.master.onDownload.push(() => ({
      records: [
        pageRecord({ ...rows[0], id: 'g1', sku: 's2' }, 13),
        pageRecord({ ...rows[1], id: 'g2', sku: 's1' }, 14),
      ],
      position: 14,
    }));
    expect(await slave.sync()).toMatchObject({ rejected: 0 });
    expect([(await slave.row('g1'))?.['sku'], (await slave.row('g2'))?.['sku']]).toEqual([
      's2',
      's1',
    ]);
  });

  it('REJ2 sets a row aside that another one is in the way of, and takes it once that has moved', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 11)], position: 11 }));
    await slave.sync();
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2' }), 12)],
      position: 12,
    }));
    expect(await slave.sync()).toMatchObject({ rejected: 1 });
    expect(await slave.rejected()).toMatchObject([
      { direction: 'down', id: 'g2', code: 'row_unique', version: 12 },
    ]);
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g1', sku: 's9' }), 13)],
      position: 13,
    }));
    await slave.sync();
    expect(await slave.sync()).toMatchObject({ rejected: 0 });
    expect(await slave.row('g2')).toEqual(aRow({ id: 'g2' }));
  });

  it("P6 gives the master's row its unique value and sets the local row aside that had it", async () => {
    const slave = await openTestSlave();
    await slave.insert(aRow({ name: 'Mine' }));
    slave.master.onUpload.push((upload) =>
      resultsOf(upload, (result) => ({
        ...result,
        status: 'rejected',
        version: null,
        error: { code: 'row_unique', detail: 'sku' },
      })),
    );
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2' }), 12)],
      position: 12,
    }));
    await slave.sync();
    expect(await slave.row('g2')).toEqual(aRow({ id: 'g2' }));
    expect(await slave.row('g1')).toBeNull();
    expect(await slave.rejected()).toMatchObject([
      { direction: 'up', id: 'g1', action: 'create', row: { name: 'Mine' } },
    ]);
    // Once the master takes it, it is back.
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g2', sku: 's9' }), 13)],
      position: 13,
    }));
    await slave.sync();
    expect(await slave.sync()).toMatchObject({ rejected: 0, pending: 0 });
    expect(await slave.row('g1')).toEqual(aRow({ name: 'Mine' }));
  });
});

describe('a snapshot', () => {
  const range = { table: 'goods', after: null, up_to: null };

  it('DOWN4 deletes rows that the master no longer has, but none with unsent work', async () => {
    const slave = await openTestSlave();
    const rows = ['g1', 'g2', 'g3'].map((id) => ({ ...aRow({ sku: id }), id }));
    slave.master.onDownload.push(() => ({
      records: rows.map((row) => pageRecord(row, 11)),
      position: 11,
    }));
    await slave.sync();
    await slave.sql("UPDATE goods SET name = 'Mine' WHERE id = 'g3'");
    slave.master.onUpload.push(() => lost());
    slave.master.onDownload.push(() => ({
      records: [pageRecord(aRow({ id: 'g1', sku: 'g1', name: 'Cocoa' }), 15)],
      snapshot: { ranges: [range], total_rows: 1 },
      position: 15,
    }));
    await slave.sync();
    expect((await slave.row('g1'))?.['name']).toBe('Cocoa');
    expect(await slave.row('g2')).toBeNull();
    expect((await slave.row('g3'))?.['name']).toBe('Mine');
  });

  it('P4 knows of rows with local work that the master no longer has, so that a discard removes them', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(() => ({ records: [pageRecord(aRow(), 11)], position: 11 }));
    await slave.sync();
    await slave.sql("UPDATE goods SET price = 1.23456 WHERE id = 'g1'");
    await slave.sync();
    slave.master.onDownload.push(() => ({
      records: [],
      snapshot: { ranges: [range], total_rows: 0 },
      position: 15,
    }));
    await slave.sync();
    expect(await slave.rejected()).toMatchObject([{ id: 'g1', code: 'value_not_exact' }]);
    await discardRejectedChanges(slave.deps, 'all');
    expect(await slave.store.read((tx) => tx.rows('goods', ['g1']))).toEqual(new Map());
  });

  it('tells how far a load is', async () => {
    const slave = await openTestSlave();
    slave.master.onDownload.push(
      () => ({
        records: [pageRecord(aRow({ id: 'g1' }), 11)],
        snapshot: { ranges: [{ ...range, up_to: 'g1' }], total_rows: 2 },
        has_more: true,
        position: 11,
        cursor: 'e1.11.goods.g1',
      }),
      () => ({
        records: [pageRecord(aRow({ id: 'g2', sku: 's2' }), 11)],
        snapshot: { ranges: [{ ...range, after: 'g1' }], total_rows: 0 },
        position: 11,
      }),
    );
    const loads: unknown[] = [];
    await slave.sync(undefined, async () => loads.push((await slave.state()).loading));
    expect(loads).toContainEqual(expect.objectContaining({ rows: 1, totalRows: 2 }));
    expect((await slave.state()).loading).toBeNull();
  });
});

function lost(): never {
  throw new SyncError('transport_interrupted', 'the connection broke');
}
