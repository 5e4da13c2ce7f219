import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingChange, LoggedChange } from './change.ts';
import type { PolicyName } from './conflict-policies/policy-name.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
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
import type { StoredRow } from './merge.ts';
import type { Row } from './table-definition.ts';

const PLAIN_COLUMNS = ['name', 'place', 'updated_at'] as const;
const policies = fc.constantFrom(...(Object.keys(conflictPolicies) as PolicyName[]));
const minutes = fc.integer({ min: 1, max: 59 });
const values: fc.Arbitrary<Row> = fc.record(
  {
    // None is the row's own, since what does not change a column is no change of it.
    name: fc.constantFrom('Coffee', 'Cocoa', 'Mate'),
    place: fc.constantFrom('Shelf 1', 'Shelf 2'),
    updated_at: minutes.map(at),
  },
  { requiredKeys: [] },
);
const deltas: fc.Arbitrary<Readonly<Record<string, number | string>>> = fc.record(
  { quantity: fc.integer({ min: -5, max: 5 }), weight: fc.constantFrom('0.25', '-1.00') },
  { requiredKeys: [] },
);
const updates = fc
  .record({ values, deltas, changedAt: minutes.map(at) })
  .map((parts) => incoming(parts));
const changes: fc.Arbitrary<IncomingChange> = fc.oneof(
  { weight: 5, arbitrary: updates },
  {
    weight: 1,
    arbitrary: minutes.map((minute) => incoming({ action: 'delete', changedAt: at(minute) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(values, minutes)
      .map(([given, minute]) =>
        incoming({ action: 'create', values: { name: 'New', ...given }, changedAt: at(minute) }),
      ),
  },
);
const foreignChanges: fc.Arbitrary<LoggedChange> = fc
  .record({
    action: fc.constantFrom('update', 'update', 'update', 'create', 'delete'),
    columns: fc.subarray([...PLAIN_COLUMNS, 'quantity', 'weight']),
    changedAt: minutes.map(at),
    origin: fc.constantFrom('', 'north', 'zebra'),
    countedAt: fc.option(minutes.map(at)),
  })
  .map((parts) => logged(parts));
const states: fc.Arbitrary<StoredRow> = fc
  .record({
    row: fc.option(values.map((given) => goodsRow({ name: 'Theirs', ...given }))),
    foreign: fc.array(foreignChanges, { maxLength: 4 }),
    isForeign: fc.boolean(),
  })
  .map(({ row, foreign, isForeign }) =>
    stored({
      row,
      foreign,
      deletion: row === null ? { row: goodsRow({ name: 'Last' }), isForeign } : null,
    }),
  );

describe('mergeChange', () => {
  it('is deterministic: the same arguments give the same outcome', () => {
    fc.assert(
      fc.property(changes, states, policies, (change, state, conflictPolicy) => {
        const table = goodsTable({ conflictPolicy });
        const copy = structuredClone({ change, state });
        expect(merge(change, state, table)).toEqual(merge(copy.change, copy.state, table));
        expect({ change, state }).toEqual(copy);
      }),
    );
  });

  it('gives a whole row or none, whose key is that of the change', () => {
    fc.assert(
      fc.property(changes, states, policies, (change, state, conflictPolicy) => {
        const table = goodsTable({ conflictPolicy });
        const outcome = merge(change, state, table);
        if (outcome.status === 'rejected' || outcome.next === null) return;
        expect(Object.keys(outcome.next).toSorted()).toEqual(
          table.columns.map(({ name }) => name).toSorted(),
        );
        expect(outcome.next['id']).toBe('a');
      }),
    );
  });

  it('P13 never makes up a value: every column is one that a side had', () => {
    fc.assert(
      fc.property(changes, states, policies, (change, state, conflictPolicy) => {
        const outcome = merge(change, state, goodsTable({ conflictPolicy }));
        if (outcome.status === 'rejected' || outcome.next === null) return;
        for (const name of PLAIN_COLUMNS) {
          const had = [state.row?.[name], state.deletion?.row?.[name], change.values[name]];
          const defaults = name === 'updated_at' ? at(60) : null;
          expect([...had, defaults]).toContain(outcome.next[name]);
        }
      }),
    );
  });

  it('P18 what loses is in the record, unless its policy keeps none', () => {
    fc.assert(
      fc.property(updates, states, policies, (change, state, conflictPolicy) => {
        const outcome = merge(change, state, goodsTable({ conflictPolicy }));
        const isSilent = conflictPolicy === 'greatest' || conflictPolicy === 'least';
        if (outcome.status === 'rejected' || isSilent) return;
        for (const name of ['name', 'place']) {
          const sent = change.values[name];
          if (sent === undefined || outcome.next?.[name] === sent) continue;
          expect(outcome.conflict?.incoming).toMatchObject({ [name]: sent });
        }
      }),
    );
  });

  it('MERGE2 what nobody else touched is taken as it comes', () => {
    fc.assert(
      fc.property(updates, policies, (change, conflictPolicy) => {
        const outcome = accepted(merge(change, stored(), goodsTable({ conflictPolicy })));
        expect(outcome).toMatchObject({ status: 'applied', conflict: null });
        expect(outcome.next).toMatchObject({ ...change.values });
      }),
    );
  });

  it('PLAIN1 a plain client always gets what it sends', () => {
    fc.assert(
      fc.property(values, policies, (given, conflictPolicy) => {
        const outcome = accepted(
          merge(plain({ values: given }), stored(), goodsTable({ conflictPolicy })),
        );
        expect(outcome).toMatchObject({ next: { ...goodsRow(), ...given }, conflict: null });
      }),
    );
  });
});

describe('two slaves', () => {
  const orderless = fc.constantFrom<PolicyName>('latest', 'greatest', 'least');

  it('P3 MERGE3 get the same row in whichever order their updates arrive', () => {
    fc.assert(
      fc.property(updates, updates, orderless, (one, other, conflictPolicy) => {
        const table = goodsTable({ conflictPolicy });
        const start = masterWith(goodsRow());
        const there = receive(receive(start, 'south', one, table), 'north', other, table);
        const back = receive(receive(start, 'north', other, table), 'south', one, table);
        expect(there.row).toEqual(back.row);
      }),
      { numRuns: 500 },
    );
  });

  it('P3 get the same row whether they know of each other or not, when the later one writes later', () => {
    fc.assert(
      fc.property(updates, updates, (one, other) => {
        const first = { ...one, changedAt: at(10) };
        const second = { ...other, changedAt: at(20) };
        const start = receive(masterWith(goodsRow()), 'south', first);
        const unaware = receive(start, 'north', second);
        const aware = receive(start, 'north', { ...second, baseVersion: 1000 });
        const { updated_at: _a, ...a } = unaware.row ?? {};
        const { updated_at: _b, ...b } = aware.row ?? {};
        expect(a).toEqual(b);
      }),
    );
  });

  it('P2 a repeated set of columns changes nothing', () => {
    fc.assert(
      fc.property(updates, updates, (one, other) => {
        const start = receive(masterWith(goodsRow()), 'south', { ...one, deltas: {} });
        const after = receive(start, 'north', { ...other, deltas: {} });
        const again = receive(after, 'north', { ...other, deltas: {} });
        expect(again.row).toEqual(after.row);
      }),
    );
  });
});
