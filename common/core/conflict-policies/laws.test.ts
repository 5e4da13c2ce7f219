import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnConflict } from './policy.ts';
import { conflictPolicies } from './registry.ts';

const times = fc
  .integer({ min: 0, max: 59 })
  .map((minute) => `2026-03-01T12:${String(minute).padStart(2, '0')}:00.000Z`);
const names = fc.constantFrom('', 'north', 'south');
const conflicts: fc.Arbitrary<ColumnConflict> = fc
  .record({
    masterValue: fc.option(fc.integer()),
    incomingValue: fc.option(fc.integer()),
    masterChangedAt: times,
    incomingChangedAt: times,
    masterOrigin: names,
    incomingOrigin: names,
  })
  .filter(({ masterValue, incomingValue }) => masterValue !== incomingValue)
  .map((parts) => ({ ...parts, compare: (a, b) => Number(a ?? -1e99) - Number(b ?? -1e99) }));

/** The same conflict, had the other side come first. */
function mirrored(conflict: ColumnConflict): ColumnConflict {
  return {
    ...conflict,
    masterValue: conflict.incomingValue,
    incomingValue: conflict.masterValue,
    masterChangedAt: conflict.incomingChangedAt,
    incomingChangedAt: conflict.masterChangedAt,
    masterOrigin: conflict.incomingOrigin,
    incomingOrigin: conflict.masterOrigin,
  };
}

describe('the registry', () => {
  it('lists every policy of this folder under its own name', () => {
    const notPolicies = new Set(['policy.ts', 'policy-name.ts', 'registry.ts', 'laws.test.ts']);
    const files = readdirSync(import.meta.dirname).filter((name) => !notPolicies.has(name));
    expect(Object.keys(conflictPolicies).toSorted()).toEqual(
      files.map((name) => name.replace(/\.ts$/, '')).toSorted(),
    );
  });
});

describe.each(Object.entries(conflictPolicies))('%s', (name, policy) => {
  it('bears its name', () => {
    expect(policy.name).toBe(name);
  });

  it('MERGE3 gives the same verdict for the same conflict', () => {
    fc.assert(
      fc.property(conflicts, (conflict) => {
        expect(policy.settle(conflict)).toEqual(policy.settle({ ...conflict }));
      }),
    );
  });

  it('P18 says why in one sentence, without any value', () => {
    fc.assert(
      fc.property(conflicts, (conflict) => {
        expect(policy.settle(conflict).reason).toMatch(/^[a-z][a-z' ]+$/);
      }),
    );
  });

  it("an open conflict leaves the master's value and is recorded", () => {
    fc.assert(
      fc.property(conflicts, (conflict) => {
        const verdict = policy.settle(conflict);
        if (verdict.open) expect(verdict).toMatchObject({ winner: 'master', recorded: true });
      }),
    );
  });

  it('P18 keeps a record unless the order of the values decides', () => {
    fc.assert(
      fc.property(conflicts, (conflict) => {
        const { recorded, winner } = policy.settle(conflict);
        if (recorded) return;
        const order = Math.sign(conflict.compare(conflict.incomingValue, conflict.masterValue));
        expect(winner).toBe((name === 'greatest' ? order : -order) > 0 ? 'incoming' : 'master');
      }),
    );
  });

  it('decides the same for a delete as for a column, where it always prefers a side', () => {
    const sides = { master: 'master', slave: 'incoming', manual: 'open' } as const;
    const expected = Object.hasOwn(sides, name) ? sides[name as keyof typeof sides] : 'change';
    expect(policy.settleDelete).toBe(expected);
  });
});

describe.each(['latest', 'counter', 'greatest', 'least'] as const)('%s', (name) => {
  it('P3 lets the same side win whichever came first', () => {
    fc.assert(
      fc.property(conflicts, (conflict) => {
        fc.pre(conflict.masterOrigin !== conflict.incomingOrigin);
        const winner = (of: ColumnConflict) =>
          conflictPolicies[name].settle(of).winner === 'incoming'
            ? of.incomingValue
            : of.masterValue;
        expect(winner(mirrored(conflict))).toBe(winner(conflict));
      }),
    );
  });
});

describe('latest', () => {
  const conflict: ColumnConflict = {
    masterValue: 1,
    incomingValue: 2,
    masterChangedAt: '2026-03-01T12:00:00.000Z',
    incomingChangedAt: '2026-03-01T12:00:00.000Z',
    masterOrigin: 'north',
    incomingOrigin: 'south',
    compare: () => 0,
  };

  it('MERGE3 goes by time, then by name; the master itself has the empty name', () => {
    const { settle } = conflictPolicies.latest;
    expect(settle({ ...conflict, incomingChangedAt: '2026-03-01T12:00:00.001Z' }).winner).toBe(
      'incoming',
    );
    expect(settle({ ...conflict, incomingChangedAt: '2026-03-01T11:59:59.999Z' }).winner).toBe(
      'master',
    );
    expect(settle(conflict).winner).toBe('incoming');
    expect(settle({ ...conflict, incomingOrigin: 'east' }).winner).toBe('master');
    expect(settle({ ...conflict, masterOrigin: '' }).winner).toBe('incoming');
  });
});
