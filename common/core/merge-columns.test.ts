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
  plain,
  receive,
  stored,
} from './merge-builders.testkit.ts';

const theirName = logged({ columns: ['name'], changedAt: at(20) });

describe('columns', () => {
  it('MERGE2 scenario 3: different columns of one row are both kept, without a conflict', () => {
    const state = stored({ row: goodsRow({ name: 'Coffee' }), foreign: [theirName] });
    const outcome = accepted(merge(incoming({ values: { place: 'Shelf 3' } }), state));
    expect(outcome).toMatchObject({
      status: 'merged',
      next: { name: 'Coffee', place: 'Shelf 3' },
      conflict: null,
    });
  });

  it('MERGE2 scenario 4: the same new value on both sides is no conflict', () => {
    const state = stored({ row: goodsRow({ name: 'Coffee' }), foreign: [theirName] });
    const outcome = accepted(merge(incoming({ values: { name: 'Coffee' } }), state));
    expect(outcome).toMatchObject({ status: 'merged', conflict: null, next: { name: 'Coffee' } });
  });

  it('MERGE3 a conflict is settled by time, and both sides are kept', () => {
    const state = stored({ row: goodsRow({ name: 'Coffee' }), foreign: [theirName] });
    const later = accepted(merge(incoming({ values: { name: 'Cocoa', place: 'x' } }), state));
    expect(later.next).toMatchObject({ name: 'Cocoa', place: 'x' });
    expect(later.conflict).toEqual({
      columns: ['name'],
      master: goodsRow({ name: 'Coffee' }),
      incoming: { name: 'Cocoa', place: 'x' },
      policy: 'latest',
      reason: 'the incoming change is later',
      outcome: 'incoming',
      state: 'settled',
    });
    const earlier = incoming({ values: { name: 'Cocoa', place: 'x' }, changedAt: at(10) });
    expect(accepted(merge(earlier, state))).toMatchObject({
      status: 'conflict',
      next: { name: 'Coffee', place: 'x' },
      conflict: { outcome: 'master', incoming: { name: 'Cocoa' } },
    });
  });

  it('MERGE3 a conflict of several columns says that both sides have a part', () => {
    const foreign = [
      logged({ columns: ['name'], changedAt: at(20) }),
      logged({ columns: ['place'], changedAt: at(40) }),
    ];
    const state = stored({ row: goodsRow({ name: 'Coffee', place: 'Shelf 1' }), foreign });
    const outcome = accepted(merge(incoming({ values: { name: 'Cocoa', place: null } }), state));
    expect(outcome.next).toMatchObject({ name: 'Cocoa', place: 'Shelf 1' });
    expect(outcome.conflict).toMatchObject({ columns: ['name', 'place'], outcome: 'merged' });
  });

  it('MERGE3 the greater of two times stands without a record', () => {
    const foreign = [logged({ columns: ['updated_at'], changedAt: at(20) })];
    const state = stored({ row: goodsRow({ updated_at: at(20) }), foreign });
    expect(accepted(merge(incoming({ values: { updated_at: at(30) } }), state))).toMatchObject({
      status: 'merged',
      conflict: null,
      next: { updated_at: at(30) },
    });
    expect(accepted(merge(incoming({ values: { updated_at: at(10) } }), state))).toMatchObject({
      status: 'merged',
      conflict: null,
      next: { updated_at: at(20) },
    });
  });

  it('MERGE1 what a writer itself changed since is no conflict with what others did before', () => {
    const start = masterWith(goodsRow());
    const theirs = incoming({ values: { name: 'Coffee' }, changedAt: at(20) });
    const first = incoming({ values: { name: 'Cocoa' }, changedAt: at(30) });
    const second = incoming({ values: { name: 'Mate' }, changedAt: at(40) });
    const after = receive(receive(start, 'north', theirs), 'south', first);
    expect(after.conflicts).toHaveLength(1);
    const settledColumns = new Set(['name']);
    const foreign = after.log
      .filter(({ origin }) => origin === 'north')
      .map((change) => ({ ...change, settledColumns }));
    const outcome = accepted(merge(second, stored({ row: after.row, foreign })));
    expect(outcome).toMatchObject({ status: 'merged', conflict: null, next: { name: 'Mate' } });
  });

  it('MERGE3 two rows made under one id are merged column by column', () => {
    const theirs = logged({ action: 'create', changedAt: at(20) });
    const values = { name: 'Cocoa', place: null, quantity: 4, weight: '1.50', updated_at: at(30) };
    const outcome = accepted(
      merge(incoming({ action: 'create', values }), stored({ foreign: [theirs] })),
    );
    expect(outcome).toMatchObject({
      status: 'conflict',
      next: { name: 'Cocoa', quantity: 4 },
      conflict: { columns: ['name', 'quantity'], policy: 'latest,counter', outcome: 'incoming' },
    });
  });

  it('PLAIN1 a plain client sets what it sends, columns left out stay', () => {
    const outcome = accepted(merge(plain({ values: { name: 'Cocoa' } }), stored()));
    expect(outcome).toMatchObject({
      status: 'applied',
      conflict: null,
      next: goodsRow({ name: 'Cocoa' }),
    });
  });

  it('PLAIN1 create of an existing id is an update', () => {
    const create = plain({ action: 'create', values: { name: 'Cocoa', quantity: 3 } });
    expect(accepted(merge(create, stored())).next).toEqual(
      goodsRow({ name: 'Cocoa', quantity: 3 }),
    );
  });

  it('never changes the rows it is given', () => {
    const row = Object.freeze(goodsRow());
    merge(incoming({ values: { name: 'x' }, deltas: { quantity: 1 } }), stored({ row }));
    expect(row).toEqual(goodsRow());
  });

  it("P18 the inbox gets a person's conflicts, and the master's value stays until then", () => {
    const table = goodsTable({ conflictPolicy: 'manual' });
    const state = stored({ row: goodsRow({ name: 'Coffee' }), foreign: [theirName] });
    expect(accepted(merge(incoming({ values: { name: 'Cocoa' } }), state, table))).toMatchObject({
      next: { name: 'Coffee' },
      conflict: { state: 'open', outcome: 'master', incoming: { name: 'Cocoa' } },
    });
  });
});
