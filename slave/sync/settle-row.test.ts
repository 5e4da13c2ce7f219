import { describe, expect, it } from 'vitest';
import type { UploadResult } from '../../common/protocol/upload.ts';
import type { OutboxEntry, Shadow } from '../../common/storage/slave-store.ts';
import { settleRow, type EntryResult, type RowSettlement } from './settle-row.ts';
import { anEntry, aResult, aRow, aState, goods, NOON } from './sync-builders.testkit.ts';

function settle(results: readonly EntryResult[], shadow?: Shadow): RowSettlement {
  return settleRow({ table: goods, shadow, isTouched: false, results, state: aState(), now: NOON });
}

function pair(entry: Partial<OutboxEntry>, result: Partial<UploadResult>): EntryResult {
  return { entry: anEntry(entry), result: aResult(result) };
}

const shadowAt = (version: number, row = aRow()): Shadow => ({
  table: 'goods',
  id: 'g1',
  row,
  version,
});
const refusal = {
  status: 'rejected',
  version: null,
  error: { code: 'row_unique', detail: 'column sku' },
} as const;

describe('accepted changes', () => {
  it('ECHO2 acknowledges the version of an applied change and leaves the row as it is', () => {
    const settled = settle([pair({}, {})]);
    expect(settled).toMatchObject({
      version: 100,
      isTouched: false,
      rejected: [],
      shadow: undefined,
    });
  });

  it('shows the row of a merged change as the master has it', () => {
    const settled = settle([pair({}, { status: 'merged', row: aRow({ name: 'Cocoa' }) })]);
    expect(settled.isTouched).toBe(true);
    expect(settled.shadow).toEqual(shadowAt(100, aRow({ name: 'Cocoa' })));
  });

  it('shows a row that is deleted at the master as deleted', () => {
    expect(settle([pair({}, { status: 'conflict', row: null })]).shadow?.row).toBeNull();
  });

  it('applies later changes of the batch on top of a merged row', () => {
    const later = pair(
      { operation: 2, columns: ['quantity'], deltas: { quantity: -3 } },
      { op: 2, version: 101 },
    );
    const settled = settle([pair({}, { status: 'merged', row: aRow({ quantity: 50 }) }), later]);
    expect(settled.shadow).toEqual(shadowAt(101, aRow({ quantity: 47 })));
    expect(settled).toMatchObject({ isTouched: true, version: 101 });
  });

  it('P3 goes through several changes of one row, whatever each was answered', () => {
    const changes = [
      pair({ action: 'delete', after: { ok: true, row: aRow() } }, { version: 12 }),
      pair(
        { operation: 2, action: 'create', after: { ok: true, row: aRow({ quantity: 9 }) } },
        { op: 2, version: 12 },
      ),
    ];
    expect(settle(changes, shadowAt(11)).shadow).toEqual(shadowAt(12, aRow({ quantity: 9 })));
    const move = { operation: 3, columns: ['quantity'], deltas: { quantity: -3 } };
    const moved = [
      ...changes,
      pair(move, { op: 3, version: 12, status: 'merged', row: aRow({ quantity: 3 }) }),
      pair({ ...move, operation: 4 }, { op: 4, version: 12 }),
    ];
    expect(settle(moved, shadowAt(11)).shadow).toEqual(shadowAt(12, aRow({ quantity: 3 })));
  });

  it('P3 keeps what a download brought after the answer of a batch was lost', () => {
    const newer = shadowAt(105, aRow({ name: 'Cocoa' }));
    const settled = settle(
      [pair({}, { status: 'merged', row: aRow({ name: 'Old' }), version: 100 })],
      newer,
    );
    expect(settled.shadow).toEqual(newer);
    expect(settled.isTouched).toBe(true);
  });

  it('does not acknowledge the version of a duplicate, which may hold news of others', () => {
    expect(settle([pair({}, { status: 'duplicate', version: 130 })]).version).toBeNull();
  });

  it('does not acknowledge a row that cannot be read, so that the download brings it', () => {
    const settled = settle([pair({}, { status: 'merged', row: { id: 'g1', colour: 'red' } })]);
    expect(settled).toMatchObject({ version: null, isTouched: false });
  });
});

describe('rejected changes', () => {
  it('REJ1 sets the change aside with its reason, and keeps what the master has', () => {
    const settled = settle([pair({ attempts: 2 }, refusal)]);
    expect(settled.rejected).toMatchObject([
      { code: 'row_unique', detail: 'column sku', attempts: 3, operation: 1 },
    ]);
    expect(settled.shadow).toEqual(shadowAt(0));
    expect(settled.version).toBeNull();
  });

  it('keeps the row that the master sends along', () => {
    const settled = settle([pair({}, { ...refusal, version: 90, row: null })]);
    expect(settled.shadow).toEqual({ ...shadowAt(90), row: null });
    expect(settled.isTouched).toBe(true);
  });

  it('knows no reason but its own words for codes of newer masters', () => {
    const error = { code: 'row_from_the_future', detail: 'new' };
    expect(settle([pair({}, { ...refusal, error })]).rejected[0]?.code).toBe('row_constraint');
  });

  it('drops a set-aside change that a later accepted one has settled', () => {
    const settled = settle([pair({}, refusal), pair({ operation: 2 }, { op: 2, version: 101 })]);
    expect(settled.rejected).toEqual([]);
    expect(settled.version).toBe(101);
  });

  it('keeps the amounts of a rejected change while later changes are accepted', () => {
    const sold = { columns: ['quantity'], deltas: { quantity: -3 } };
    const settled = settle([pair(sold, refusal), pair({ operation: 2 }, { op: 2, version: 101 })]);
    expect(settled.rejected).toMatchObject([{ deltas: { quantity: -3 } }]);
    expect(settled.shadow?.row).toEqual(aRow({ name: 'Coffee' }));
  });
});

describe('answers without a version', () => {
  it("shows the master's row when the change lost and nothing was written", () => {
    const settled = settle([
      pair({}, { status: 'conflict', version: null, row: aRow({ name: 'Cocoa' }) }),
    ]);
    expect(settled).toMatchObject({
      isTouched: true,
      version: null,
      shadow: { row: { name: 'Cocoa' } },
    });
  });

  it('P3 keeps the row that a download brought in the meantime', () => {
    const newer = shadowAt(60, aRow({ name: 'Newest' }));
    const settled = settle(
      [pair({}, { status: 'conflict', version: null, row: aRow({ name: 'Cocoa' }) })],
      newer,
    );
    expect(settled).toMatchObject({ isTouched: true, version: null, shadow: newer });
  });
});
