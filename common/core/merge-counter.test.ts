import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingChange } from './change.ts';
import {
  accepted,
  at,
  goodsRow,
  incoming,
  logged,
  masterWith,
  merge,
  move,
  plain,
  receive,
  stored,
  type CoreMaster,
} from './merge-builders.testkit.ts';

const MOST = '9223372036854775807';
const sale = (quantity: number, overrides: Partial<IncomingChange> = {}): IncomingChange =>
  incoming({ deltas: { quantity }, ...overrides });
const count = (
  quantity: number | string,
  overrides: Partial<IncomingChange> = {},
): IncomingChange => incoming({ values: { quantity }, ...overrides });

describe('amounts', () => {
  it('MERGE4 are added to what the master has, and noted with their time', () => {
    const foreign = [logged({ columns: ['quantity'], moves: { quantity: [move(-2, 20)] } })];
    const outcome = accepted(merge(sale(-3), stored({ row: goodsRow({ quantity: 8 }), foreign })));
    expect(outcome).toMatchObject({
      status: 'merged',
      conflict: null,
      next: { quantity: 5 },
      moves: { quantity: [{ amount: -3, at: at(30) }] },
      countedAt: null,
    });
  });

  it('MERGE4 add up in decimal counters without rounding', () => {
    const outcome = accepted(merge(incoming({ deltas: { weight: '-0.10' } }), stored()));
    expect(outcome.next?.['weight']).toBe('1.40');
  });

  it('MERGE4 scenario 5: -3 at one shop, -2 at another, +10 at the master give base + 5', () => {
    const atMaster = masterWith(goodsRow({ quantity: 100 }));
    const all = [
      ['south', sale(-3)],
      ['north', sale(-2)],
      ['', sale(10, { changedAt: at(5) })],
    ] as const;
    const final = all.reduce(
      (master, [writer, change]) => receive(master, writer, change),
      atMaster,
    );
    expect(final.row?.['quantity']).toBe(105);
    expect(final.conflicts).toEqual([]);
  });

  it('MERGE4 any order of own and foreign amounts gives base + sum', () => {
    const writes = fc.array(
      fc.record({
        writer: fc.constantFrom('north', 'south', 'east', ''),
        amount: fc.integer({ min: -1000, max: 1000 }),
        minute: fc.integer({ min: 1, max: 59 }),
        base: fc.integer({ min: 10, max: 15 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(writes, fc.integer({ min: -50, max: 50 }), (changes, base) => {
        const final = changes.reduce<CoreMaster>(
          (master, { writer, amount, minute, base: baseVersion }) =>
            receive(master, writer, sale(amount, { changedAt: at(minute), baseVersion })),
          masterWith(goodsRow({ quantity: base })),
        );
        const sum = changes.reduce((total, { amount }) => total + amount, base);
        expect(final.row?.['quantity']).toBe(sum);
        expect(final.conflicts).toEqual([]);
      }),
    );
  });

  it('P13 that do not fit the counter are rejected, and leave it as it is', () => {
    const outcome = merge(sale(1), stored({ row: goodsRow({ quantity: MOST }) }));
    expect(outcome).toMatchObject({ status: 'rejected', code: 'value_out_of_range' });
    const least = merge(sale(-1), stored({ row: goodsRow({ quantity: `-${MOST}` }) }));
    expect(least).toMatchObject({ next: { quantity: '-9223372036854775808' } });
  });

  it('PLAIN1 are added for a plain client too', () => {
    expect(accepted(merge(plain({ deltas: { quantity: 5 } }), stored())).next).toMatchObject({
      quantity: 15,
    });
  });

  it('are added to what a new row begins with', () => {
    const values = { name: 'Tea', quantity: 4 };
    const create = incoming({ action: 'create', values, deltas: { weight: '0.25' } });
    const outcome = accepted(merge(create, stored({ row: null })));
    expect(outcome.next).toMatchObject({ quantity: 4, weight: '0.25' });
    const update = plain({ values: { name: 'Tea' }, deltas: { quantity: -3 } });
    expect(accepted(merge(update, stored({ row: null }))).next).toMatchObject({ quantity: -3 });
  });
});

describe('counts', () => {
  it('MERGE4 set the counter', () => {
    const outcome = accepted(merge(count(7), stored()));
    expect(outcome).toMatchObject({ next: { quantity: 7 }, countedAt: at(30), conflict: null });
  });

  it('MERGE4 scenario 7: sales made before the count do not disturb it, sales after it reduce it', () => {
    const before = sale(-2, { changedAt: at(20) });
    const after = sale(-1, { changedAt: at(40) });
    const counted = count(7, { changedAt: at(30) });
    const writes = [
      ['north', before],
      ['east', after],
      ['south', counted],
    ] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...writes], { minLength: 3 }), (order) => {
        const start = masterWith(goodsRow({ quantity: 10 }));
        const final = order.reduce(
          (master, [writer, change]) => receive(master, writer, change),
          start,
        );
        expect(final.row?.['quantity']).toBe(6);
      }),
    );
  });

  it('MERGE4 with sales give the same stock in whatever order they arrive', () => {
    const sales = fc.uniqueArray(
      fc.record({
        writer: fc.constantFrom('north', 'east', 'west'),
        amount: fc.integer({ min: -9, max: 9 }).filter((amount) => amount !== 0),
        minute: fc.integer({ min: 1, max: 59 }).filter((minute) => minute !== 30),
      }),
      { selector: ({ writer }) => writer, maxLength: 3 },
    );
    fc.assert(
      fc.property(sales, fc.infiniteStream(fc.nat()), (some, order) => {
        const writes = some.map(({ writer, amount, minute }) => ({
          writer,
          change: sale(amount, { changedAt: at(minute) }),
        }));
        const all = [...writes, { writer: 'south', change: count(50) }]
          .map((write) => ({ write, rank: order.next().value }))
          .toSorted((a, b) => a.rank - b.rank);
        const final = all.reduce(
          (master, { write }) => receive(master, write.writer, write.change),
          masterWith(goodsRow({ quantity: 10 })),
        );
        const later = some.filter(({ minute }) => minute > 30);
        const expected = later.reduce((total, { amount }) => total + amount, 50);
        expect(final.row?.['quantity']).toBe(expected);
      }),
    );
  });

  it('MERGE4 only count the counter that was counted', () => {
    const foreign = [logged({ columns: ['quantity'], countedAt: at(40) })];
    const outcome = accepted(
      merge(incoming({ deltas: { quantity: -3, weight: '-0.50' } }), stored({ foreign })),
    );
    expect(outcome.next).toMatchObject({ quantity: 10, weight: '1.00' });
    expect(outcome.moves).toEqual({ weight: [{ amount: '-0.50', at: at(30) }] });
  });

  it('MERGE4 the later of two counts stands, and P18 the other one is kept', () => {
    const foreign = [logged({ columns: ['quantity'], countedAt: at(40), changedAt: at(40) })];
    const earlier = accepted(merge(count(7), stored({ foreign })));
    expect(earlier).toMatchObject({
      status: 'conflict',
      next: { quantity: 10 },
      countedAt: null,
      conflict: { columns: ['quantity'], incoming: { quantity: 7 }, outcome: 'master' },
    });
    const later = accepted(merge(count(7, { changedAt: at(50) }), stored({ foreign })));
    expect(later).toMatchObject({
      status: 'conflict',
      next: { quantity: 7 },
      countedAt: at(50),
      conflict: { columns: ['quantity'], master: { quantity: 10 }, outcome: 'incoming' },
    });
  });

  it('MERGE2 of the same number do not conflict', () => {
    const foreign = [logged({ columns: ['quantity'], countedAt: at(40) })];
    expect(accepted(merge(count(10), stored({ foreign }))).conflict).toBeNull();
    expect(
      accepted(merge(count(10, { changedAt: at(50) }), stored({ foreign }))).conflict,
    ).toBeNull();
  });

  it('P13 fit the counter if their result does, whatever lies between', () => {
    const moves = { quantity: [move(1, 40), move(-5, 50)] };
    const foreign = [logged({ columns: ['quantity'], moves })];
    expect(accepted(merge(count(MOST), stored({ foreign }))).next).toMatchObject({
      quantity: '9223372036854775803',
    });
  });

  it('PLAIN1 a plain client sets a counter to what it sends', () => {
    expect(accepted(merge(plain({ values: { quantity: 3 } }), stored()))).toMatchObject({
      status: 'applied',
      next: { quantity: 3 },
      countedAt: null,
    });
  });
});
