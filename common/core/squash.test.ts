import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToCounter, rebase, type LocalChange } from './rebase.ts';
import { squash, withoutSettled } from './squash.ts';
import { decimal, defineTable, integer, key, text, type Row } from './table-definition.ts';

const table = defineTable({
  name: 'goods',
  columns: {
    id: key(),
    name: text(),
    place: text({ nullable: true }),
    quantity: integer({ counter: true }),
    weight: decimal(10, 2, { counter: true }),
  },
});

const row: Row = { id: 'a', name: 'Tea', place: null, quantity: 10, weight: '1.50' };

function update(columns: readonly string[], overrides: Partial<LocalChange> = {}): LocalChange {
  return {
    action: 'update',
    columns,
    row,
    before: row,
    deltas: {},
    counted: false,
    basePosition: 5,
    capturedAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

describe('squash', () => {
  it('REJ1 joins updates into the union of their columns with the present values', () => {
    const now = { ...row, name: 'Coffee', place: 'Shelf 3' };
    const joined = squash(table, [update(['name']), update(['place'], { basePosition: 9 })], now);
    expect(joined).toMatchObject({
      action: 'update',
      columns: ['name', 'place'],
      row: now,
      basePosition: 5,
    });
  });

  it('REJ1 adds up what counters moved', () => {
    const joined = squash(
      table,
      [
        update(['quantity'], { deltas: { quantity: -3 } }),
        update(['quantity'], { deltas: { quantity: -4 } }),
      ],
      { ...row, quantity: 3 },
    );
    expect(joined).toMatchObject({ columns: ['quantity'], deltas: { quantity: -7 } });
  });

  it('says nothing when counters moved back to where they were', () => {
    const changes = [
      update(['quantity'], { deltas: { quantity: -3 } }),
      update(['quantity'], { deltas: { quantity: 3 } }),
    ];
    expect(squash(table, changes, row)).toBeNull();
  });

  it('MERGE4 keeps the time of a count, so that amounts moved elsewhere after it still add to it', () => {
    const counted = update(['quantity'], { counted: true, capturedAt: '2026-01-01T10:00:00.000Z' });
    const moved = update(['quantity'], {
      deltas: { quantity: -1 },
      capturedAt: '2026-01-01T12:00:00.000Z',
    });
    expect(squash(table, [counted, moved], { ...row, quantity: 4 })).toMatchObject({
      deltas: {},
      columns: ['quantity'],
      capturedAt: '2026-01-01T10:00:00.000Z',
    });
  });

  it('sends a row that was made and then changed as one new row', () => {
    const made = update([], { action: 'create', before: null });
    const now = { ...row, name: 'Coffee' };
    expect(squash(table, [made, update(['name'])], now)).toMatchObject({
      action: 'create',
      row: now,
      deltas: {},
    });
  });

  it('says nothing of a row that was made and deleted again', () => {
    const changes = [update([], { action: 'create' }), update([], { action: 'delete' })];
    expect(squash(table, changes, null)).toBeNull();
  });

  it('sends a changed and then deleted row as a delete', () => {
    expect(squash(table, [update(['name']), update([], { action: 'delete' })], null)).toMatchObject(
      {
        action: 'delete',
        row,
      },
    );
  });

  it('has the same effect on any row of the master as the changes one after the other', () => {
    fc.assert(
      fc.property(
        serverRow,
        fc.array(step, { minLength: 1, maxLength: 8 }),
        serverRow,
        (start, steps, server) => {
          const { changes, last } = play(start, steps);
          const joined = squash(table, changes, last);
          const oneByOne = rebase(table, server, changes);
          const atOnce = joined === null ? server : rebase(table, server, [joined]);
          expect(atOnce).toEqual(oneByOne);
        },
      ),
    );
  });

  it('P9 leads to the row that the slave shows when nobody else changed it', () => {
    fc.assert(
      fc.property(serverRow, fc.array(step, { minLength: 1, maxLength: 8 }), (start, steps) => {
        const { changes, last } = play(start, steps);
        expect(rebase(table, start, changes)).toEqual(last);
      }),
    );
  });
});

describe('withoutSettled', () => {
  it('drops the columns that a later accepted change set', () => {
    expect(withoutSettled(update(['name', 'place']), update(['name']))?.columns).toEqual(['place']);
    expect(withoutSettled(update(['name']), update(['name', 'place']))).toBeNull();
  });

  it('keeps amounts, which a later amount does not settle', () => {
    const earlier = update(['quantity'], { deltas: { quantity: -3 } });
    const later = update(['quantity'], { deltas: { quantity: -1 } });
    expect(withoutSettled(earlier, later)).toMatchObject({ deltas: { quantity: -3 } });
  });

  it('drops amounts made before a later count', () => {
    const earlier = update(['quantity'], { deltas: { quantity: -3 } });
    const later = update(['quantity'], { deltas: { quantity: -1 }, counted: true });
    expect(withoutSettled(earlier, later)).toBeNull();
  });

  it('drops everything before a later delete or whole row', () => {
    expect(withoutSettled(update(['name']), update([], { action: 'delete' }))).toBeNull();
    expect(withoutSettled(update(['name']), update([], { action: 'create' }))).toBeNull();
  });
});

type Step =
  | { readonly kind: 'set'; readonly name: string }
  | { readonly kind: 'move'; readonly by: number }
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'remake' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name: fc.string({ maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('move' as const),
    by: fc.integer({ min: -9, max: 9 }).filter((by) => by !== 0),
  }),
  fc.record({ kind: fc.constant('count' as const), to: fc.integer({ min: 0, max: 99 }) }),
  fc.record({ kind: fc.constant('remake' as const) }),
);

const serverRow: fc.Arbitrary<Row> = fc.record({
  id: fc.constant('a'),
  name: fc.string({ maxLength: 3 }),
  place: fc.option(fc.string({ maxLength: 3 })),
  quantity: fc.integer({ min: 0, max: 999 }),
  weight: fc.constant('1.50'),
});

/** What capture would write while a program makes these changes one after the other. */
function play(
  start: Row,
  steps: readonly Step[],
): { readonly changes: readonly LocalChange[]; readonly last: Row } {
  const changes: LocalChange[] = [];
  let current = start;
  for (const one of steps) {
    const before = current;
    if (one.kind === 'set') {
      current = { ...current, name: one.name };
      changes.push(update(['name'], { row: current, before }));
    } else if (one.kind === 'move') {
      current = {
        ...current,
        quantity: addToCounter(table, 'quantity', current['quantity'], one.by) ?? 0,
      };
      changes.push(update(['quantity'], { row: current, before, deltas: { quantity: one.by } }));
    } else if (one.kind === 'count') {
      current = { ...current, quantity: one.to };
      changes.push(update(['quantity'], { row: current, before, counted: true }));
    } else {
      changes.push(update([], { action: 'delete', row: current, before: null }));
      changes.push(update([], { action: 'create', row: current, before: null }));
    }
  }
  return { changes, last: current };
}
