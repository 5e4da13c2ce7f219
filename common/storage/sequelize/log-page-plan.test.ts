import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planLogPage, type PagePlan, type PlannedChange } from './log-page-plan.ts';

const BYTES = 1000;

/** Changes at positions 1, 2, 3... with one letter each for the transaction; `-` where it is unknown. */
function log(transactions: string, bytes = 1): readonly PlannedChange[] {
  return [...transactions].map((letter, index) => ({
    position: index + 1,
    transaction: letter === '-' ? null : letter,
    bytes,
  }));
}

function plan(
  changes: readonly PlannedChange[],
  request: { readonly after?: number; readonly limit: number; readonly hardLimit?: number },
): PagePlan {
  const { after = 0, limit, hardLimit = 10 } = request;
  const open = changes.filter(({ position }) => position > after);
  return planLogPage({ after, limit, hardLimit }, open, true, BYTES);
}

describe('planLogPage', () => {
  it('ends after the limit, or where nothing more is', () => {
    expect(plan(log('abcd'), { limit: 3 })).toEqual({
      end: 3,
      hasMore: true,
      partial: false,
      needsMore: false,
    });
    expect(plan(log('abc'), { limit: 3 })).toMatchObject({ end: 3, hasMore: false, partial: false });
    expect(plan([], { after: 7, limit: 3 })).toEqual({
      end: 7,
      hasMore: false,
      partial: false,
      needsMore: false,
    });
  });

  it("DOWN3 goes on to a transaction's end", () => {
    expect(plan(log('abbbbc'), { limit: 2 })).toMatchObject({ end: 5, hasMore: true, partial: false });
    expect(plan(log('abbbb'), { limit: 2 })).toMatchObject({ end: 5, hasMore: false, partial: false });
  });

  it('DOWN3 cuts a transaction that is longer than the hard limit, and says so', () => {
    expect(plan(log('a'.repeat(30)), { limit: 2 })).toMatchObject({
      end: 10,
      hasMore: true,
      partial: true,
    });
    expect(plan(log('a'.repeat(30)), { after: 25, limit: 2 })).toMatchObject({
      end: 30,
      hasMore: false,
      partial: false,
    });
  });

  it('DOWN3 cannot tell whether changes without a transaction belong together', () => {
    expect(plan(log('----'), { limit: 2 })).toMatchObject({ end: 2, partial: true });
    expect(plan(log('--a-'), { limit: 2 })).toMatchObject({ end: 2, partial: false });
    expect(plan(log('--'), { limit: 2 })).toMatchObject({ end: 2, partial: false });
  });

  it('P12 ends a page before it becomes too large, but not before its first change', () => {
    expect(plan(log('abcd', 400), { limit: 4 })).toMatchObject({ end: 2, hasMore: true });
    expect(plan(log('abcd', 5000), { limit: 4 })).toMatchObject({ end: 1, hasMore: true });
  });

  it('P12 cuts a transaction that is too large to wait for', () => {
    expect(plan(log('aaaaaaaa', 400), { limit: 8 })).toMatchObject({ end: 2, partial: true });
  });

  it('asks for more where the end of a transaction is not in sight', () => {
    const request = { after: 0, limit: 2, hardLimit: 10 };
    expect(planLogPage(request, log('aaa'), false, BYTES)).toMatchObject({ needsMore: true });
    expect(planLogPage(request, log('aab'), false, BYTES)).toMatchObject({ needsMore: false });
    expect(planLogPage(request, log('a'.repeat(11)), false, BYTES)).toMatchObject({
      needsMore: false,
      partial: true,
    });
    expect(planLogPage(request, log('a'.repeat(10)), false, BYTES)).toMatchObject({
      needsMore: false,
      hasMore: true,
      partial: true,
    });
  });
});

describe('pages one after the other', () => {
  const logs = fc
    .array(
      fc.tuple(fc.option(fc.constant('t')), fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 600 })),
      { maxLength: 12 },
    )
    .map((groups) => {
      const changes: PlannedChange[] = [];
      for (const [index, [known, count, bytes]] of groups.entries()) {
        for (let one = 0; one < count; one += 1) {
          const transaction = known === null ? null : `t${index}`;
          changes.push({ position: changes.length + 1, transaction, bytes });
        }
      }
      return changes;
    });

  it('P8 hold every change once, in order; a page without the mark `partial` cuts no transaction', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 8 }), (changes, limit) => {
        let after = 0;
        for (;;) {
          const page = plan(changes, { after, limit });
          expect(page.needsMore).toBe(false);
          const last = changes[page.end - 1];
          const next = changes[page.end];
          expect(page.hasMore).toBe(next !== undefined);
          const isCut = next !== undefined && next.transaction === last?.transaction;
          if (page.end > after) expect(page.partial).toBe(isCut);
          expect(page.end - after).toBeLessThanOrEqual(10);
          if (!page.hasMore) break;
          expect(page.end).toBeGreaterThan(after);
          after = page.end;
        }
      }),
    );
  });

  it('P12 never hold much more than the measure', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 8 }), (changes, limit) => {
        const { end } = plan(changes, { limit });
        const bytes = changes.slice(0, end).reduce((sum, change) => sum + change.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(2 * BYTES);
      }),
    );
  });

  it('DOWN3 a look at fewer changes finds the same end, or asks for more', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 8 }), (changes, limit) => {
        const request = { after: 0, limit, hardLimit: 10 };
        const whole = planLogPage(request, changes, true, BYTES);
        const seen = changes.slice(0, limit + 1);
        const part = planLogPage(request, seen, seen.length === changes.length, BYTES);
        if (!part.needsMore) expect(part.end).toBe(whole.end);
      }),
    );
  });
});
