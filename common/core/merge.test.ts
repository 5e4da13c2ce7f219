import { describe, expect, it } from 'vitest';
import {
  accepted,
  at,
  goodsRow,
  goodsTable,
  incoming,
  logged,
  masterWith,
  merge,
  move,
  plain,
  receive,
  stored,
} from './merge-builders.testkit.ts';
import { isVoid, keepReferencedRow } from './merge.ts';

const theirDelete = logged({ action: 'delete', changedAt: at(40), generation: 2 });
const theirCreate = logged({ position: 12, action: 'create', changedAt: at(50), generation: 3 });
const deletedByOther = stored({
  row: null,
  foreign: [theirDelete],
  deletion: { row: goodsRow(), isForeign: true },
});
const madeAnew = stored({
  row: goodsRow({ name: 'Another' }),
  foreign: [theirDelete, theirCreate],
});

describe('update against delete', () => {
  it('MERGE5 scenario 20: an update that did not know of the delete brings the row back', () => {
    const outcome = accepted(merge(incoming({ values: { name: 'Cocoa' } }), deletedByOther));
    expect(outcome).toMatchObject({
      status: 'conflict',
      next: goodsRow({ name: 'Cocoa' }),
      conflict: { columns: [], master: null, incoming: { name: 'Cocoa' }, outcome: 'incoming' },
      revivedColumns: ['name'],
    });
  });

  it('MERGE5 a sale that did not know of the delete is sold from the last stock', () => {
    const outcome = accepted(merge(incoming({ deltas: { quantity: -3 } }), deletedByOther));
    expect(outcome).toMatchObject({
      next: { quantity: 7 },
      moves: { quantity: [{ amount: -3, at: at(30) }] },
      revivedColumns: ['quantity'],
    });
  });

  it('MERGE5 a count that did not know of the delete is still a count', () => {
    const outcome = accepted(merge(incoming({ values: { quantity: 7 } }), deletedByOther));
    expect(outcome).toMatchObject({ next: { quantity: 7 }, countedAt: at(30) });
  });

  it('MERGE5 what happened before the delete is settled as if there had been none', () => {
    const counted = logged({ columns: ['quantity'], countedAt: at(35), changedAt: at(35) });
    const renamed = logged({ columns: ['name'], changedAt: at(35) });
    const last = goodsRow({ name: 'Coffee', quantity: 7 });
    const state = stored({
      row: null,
      foreign: [counted, renamed, theirDelete],
      deletion: { row: last, isForeign: true },
    });
    const change = incoming({ values: { name: 'Cocoa', place: 'x' }, deltas: { quantity: -3 } });
    const outcome = accepted(merge(change, state));
    // The count already saw the sale, and the other side's name is the later one.
    expect(outcome.next).toEqual(goodsRow({ name: 'Coffee', quantity: 7, place: 'x' }));
    expect(outcome.conflict).toMatchObject({
      columns: ['name'],
      master: last,
      incoming: { name: 'Cocoa', place: 'x' },
    });
  });

  it('I2 the sales of two shops both count, though a third deleted the row meanwhile', () => {
    const start = masterWith(goodsRow({ quantity: 10 }));
    const removed = receive(start, 'east', incoming({ action: 'delete', changedAt: at(10) }));
    const first = receive(removed, 'south', incoming({ deltas: { quantity: -3 } }));
    const second = receive(first, 'north', incoming({ deltas: { quantity: -2 } }));
    expect(second.row?.['quantity']).toBe(5);
    expect(second.rejected).toBe(0);
  });

  it('MERGE5 a change of an outlived row is merged with what brought it back', () => {
    const start = masterWith(goodsRow());
    const removed = receive(start, 'east', incoming({ action: 'delete' }));
    const revived = receive(removed, 'south', incoming({ values: { name: 'Cocoa' } }));
    const later = incoming({ values: { name: 'Mate', place: 'x' }, changedAt: at(40) });
    const final = receive(revived, 'north', later);
    expect(final.row).toMatchObject({ name: 'Mate', place: 'x' });
    expect(final.conflicts.at(-1)).toMatchObject({ columns: ['name'], master: { name: 'Cocoa' } });
  });

  it.each(['master', 'manual'] as const)(
    'MERGE5 P18 under %s the delete stands, and all that was to become of the row is kept',
    (conflictPolicy) => {
      const change = incoming({ values: { name: 'Cocoa' }, deltas: { quantity: -3 } });
      const outcome = accepted(merge(change, deletedByOther, goodsTable({ conflictPolicy })));
      expect(outcome).toMatchObject({
        status: 'conflict',
        next: null,
        conflict: {
          columns: [],
          master: null,
          incoming: goodsRow({ name: 'Cocoa', quantity: 7 }),
          outcome: 'master',
          state: conflictPolicy === 'manual' ? 'open' : 'settled',
        },
      });
    },
  );

  it('MERGE5 without the last content there is nothing to bring back', () => {
    const state = { ...deletedByOther, deletion: { row: null, isForeign: true } };
    expect(accepted(merge(incoming({ values: { name: 'Cocoa' } }), state))).toMatchObject({
      next: null,
      conflict: { incoming: { name: 'Cocoa' }, outcome: 'master' },
    });
  });

  it('P4 an update that knew of the delete revives nothing', () => {
    const state = { ...deletedByOther, deletion: { row: goodsRow(), isForeign: false } };
    expect(merge(incoming({ values: { name: 'Cocoa' } }), state)).toMatchObject({
      status: 'rejected',
      code: 'row_deleted',
    });
  });

  it('P13 a sum that does not fit rejects the change instead of bringing the row back', () => {
    const most = goodsRow({ quantity: '9223372036854775807' });
    const state = { ...deletedByOther, deletion: { row: most, isForeign: true } };
    expect(merge(incoming({ deltas: { quantity: 1 } }), state)).toMatchObject({
      code: 'value_out_of_range',
    });
  });
});

describe('delete against update', () => {
  const update = logged({ columns: ['name'] });

  it('MERGE5 a change that the delete did not know of keeps the row', () => {
    const state = stored({ row: goodsRow({ name: 'Coffee' }), foreign: [update] });
    expect(accepted(merge(incoming({ action: 'delete' }), state))).toMatchObject({
      status: 'conflict',
      next: { name: 'Coffee' },
      conflict: { columns: [], master: { name: 'Coffee' }, incoming: null, outcome: 'master' },
    });
  });

  it('MERGE5 under slave the delete stands, and P18 the row is kept in the record', () => {
    const state = stored({ foreign: [update] });
    const table = goodsTable({ conflictPolicy: 'slave' });
    expect(accepted(merge(incoming({ action: 'delete' }), state, table))).toMatchObject({
      next: null,
      conflict: { master: goodsRow(), incoming: null, outcome: 'incoming' },
    });
  });

  it('two deletes agree', () => {
    const outcome = accepted(merge(incoming({ action: 'delete' }), deletedByOther));
    expect(outcome).toMatchObject({ status: 'applied', next: null, conflict: null });
  });

  it('MERGE5 a delete after the own revival agrees with the delete of the other side', () => {
    const state = stored({ foreign: [update, theirDelete] });
    const outcome = accepted(merge(incoming({ action: 'delete' }), state));
    expect(outcome).toMatchObject({ status: 'applied', next: null, conflict: null });
  });

  it('MERGE5 a delete that other rows forbid leaves the row, recorded', () => {
    expect(accepted(keepReferencedRow(goodsRow(), goodsTable()))).toMatchObject({
      status: 'conflict',
      next: goodsRow(),
      conflict: { master: goodsRow(), incoming: null, outcome: 'master', state: 'settled' },
    });
  });
});

describe('generations', () => {
  it('MERGE6 scenario 21: a change of the row before loses against the row made anew', () => {
    const change = incoming({ values: { name: 'Cocoa' }, deltas: { quantity: -3 } });
    expect(accepted(merge(change, madeAnew))).toMatchObject({
      status: 'conflict',
      next: { name: 'Another', quantity: 10 },
      moves: {},
      conflict: {
        columns: ['name', 'quantity'],
        master: goodsRow({ name: 'Another' }),
        incoming: { name: 'Cocoa', quantity: 7 },
        policy: 'generation',
        outcome: 'master',
      },
    });
  });

  it.each(['latest', 'slave', 'master', 'manual'] as const)(
    'MERGE6 a delete of the row before leaves the new one, under %s too',
    (conflictPolicy) => {
      const outcome = merge(
        incoming({ action: 'delete' }),
        madeAnew,
        goodsTable({ conflictPolicy }),
      );
      expect(accepted(outcome)).toMatchObject({
        status: 'conflict',
        next: { name: 'Another' },
        conflict: { incoming: null, master: { name: 'Another' }, outcome: 'master' },
      });
    },
  );

  it('MERGE6 scenario 21: a row can be made anew after its delete', () => {
    const create = incoming({ action: 'create', values: { name: 'Cocoa' } });
    const outcome = accepted(merge(create, deletedByOther));
    expect(outcome).toMatchObject({ status: 'applied', conflict: null, next: { name: 'Cocoa' } });
    expect(outcome.revivedColumns).toBeUndefined();
  });

  it('MERGE6 a row made anew by both sides is merged, without looking at the lives before', () => {
    const create = incoming({ action: 'create', values: { name: 'Cocoa' } });
    expect(accepted(merge(create, madeAnew))).toMatchObject({
      status: 'conflict',
      next: { name: 'Another' },
      conflict: { columns: ['name'], outcome: 'master' },
    });
  });

  it('P4 create, delete, and the create again from a lost answer: only a newer insert revives', () => {
    const create = incoming({ action: 'create', values: { name: 'Tea' } });
    const made = receive(masterWith(null), 'south', create);
    const gone = receive(made, 'south', incoming({ action: 'delete', changedAt: at(31) }));
    const stale = receive(gone, 'south', incoming({ values: { name: 'Old' }, changedAt: at(30) }));
    expect(stale).toMatchObject({ row: null, rejected: 1 });
  });
});

describe('plain clients', () => {
  it('PLAIN1 delete of a missing row is applied', () => {
    expect(accepted(merge(plain({ action: 'delete' }), stored({ row: null })))).toMatchObject({
      status: 'applied',
      next: null,
      conflict: null,
    });
  });

  it('PLAIN1 update of a row that was never there creates it if it holds all it needs', () => {
    const state = stored({ row: null });
    expect(accepted(merge(plain({ values: { name: 'Tea' } }), state)).next).toEqual({
      id: 'a',
      name: 'Tea',
      place: null,
      quantity: 0,
      weight: '0.00',
      updated_at: at(60),
    });
    expect(merge(plain({ values: { place: 'x' } }), state)).toMatchObject({
      status: 'rejected',
      code: 'row_missing',
    });
  });

  it('B49 a create names the column that is missing', () => {
    expect(merge(plain({ action: 'create' }), stored({ row: null }))).toEqual({
      status: 'rejected',
      code: 'row_not_null',
      detail: 'column name must have a value',
    });
  });

  it('PLAIN1 P4 update of a deleted row is refused, even with all its columns', () => {
    const values = { name: 'Tea', place: null, quantity: 1, weight: '0.00', updated_at: at(30) };
    expect(merge(plain({ values }), deletedByOther)).toMatchObject({ code: 'row_deleted' });
  });
});

describe('tables that do not take everything', () => {
  const ledger = goodsTable({ appendOnly: true });
  const values = { name: 'Tea', quantity: 10 };

  it('I3 append-only tables take new rows and repetitions of rows that are there', () => {
    const create = incoming({ action: 'create', values });
    expect(accepted(merge(create, stored({ row: null }), ledger)).next).toMatchObject(values);
    expect(accepted(merge(create, stored(), ledger))).toMatchObject({
      status: 'applied',
      next: goodsRow(),
    });
  });

  it.each([
    ['another row under the same id', incoming({ action: 'create', values: { name: 'Coffee' } })],
    ['an update', incoming({ values: { name: 'Tea' } })],
    ['an amount', incoming({ deltas: { quantity: 1 } })],
    [
      'an amount with a repetition',
      incoming({ action: 'create', values, deltas: { quantity: 1 } }),
    ],
    ['a delete', incoming({ action: 'delete' })],
    ['a plain update', plain({ values: { name: 'Coffee' } })],
  ])('I3 append-only tables refuse %s', (_what, change) => {
    expect(merge(change, stored(), ledger)).toMatchObject({
      status: 'rejected',
      code: 'row_append_only',
    });
  });

  it('I3 an update never brings a row of an append-only table back', () => {
    expect(merge(incoming({ values }), deletedByOther, ledger)).toMatchObject({
      status: 'rejected',
      code: 'row_append_only',
    });
  });

  it('tables that only come from the master take nothing', () => {
    const down = goodsTable({ direction: 'down' });
    for (const action of ['create', 'update', 'delete'] as const) {
      expect(merge(incoming({ action, values }), stored(), down)).toMatchObject({
        status: 'rejected',
        code: 'row_direction',
      });
    }
  });
});

describe('isVoid', () => {
  it('ONCE4 an update that carries nothing is void; a delete or a create is not', () => {
    expect(isVoid(incoming())).toBe(true);
    expect(isVoid(incoming({ values: { place: null } }))).toBe(false);
    expect(isVoid(incoming({ deltas: { quantity: 0 } }))).toBe(false);
    expect(isVoid(incoming({ action: 'delete' }))).toBe(false);
    expect(isVoid(incoming({ action: 'create' }))).toBe(false);
  });
});

describe('counters of rows that came back', () => {
  it('MERGE4 a count after the row came back adds the sales that brought it back later', () => {
    const revived = logged({
      position: 12,
      action: 'create',
      columns: ['quantity'],
      moves: { quantity: [move(-2, 50)] },
      changedAt: at(50),
    });
    const state = stored({ row: goodsRow({ quantity: 8 }), foreign: [theirDelete, revived] });
    const outcome = accepted(merge(incoming({ values: { quantity: 20 } }), state));
    expect(outcome.next?.['quantity']).toBe(18);
  });
});
