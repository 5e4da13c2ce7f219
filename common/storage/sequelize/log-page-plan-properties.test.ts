import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planLogPage, type PagePlan, type PlannedChange } from './log-page-plan.ts';

const BYTES = 1000;

/** Plans a page of the whole log after a position. */
function plan(
  changes: readonly PlannedChange[],
  request: { readonly after?: number; readonly limit: number; readonly hardLimit?: number },
): PagePlan {
  const { after = 0, limit, hardLimit = 10 } = request;
  const open = changes.filter(({ position }) => position > after);
  return planLogPage({ after, limit, hardLimit }, open, true, BYTES);
}

describe('pages one after the other', () => {
  const logs = fc
    .array(
      fc.tuple(
        fc.option(fc.constant('t')),
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 1, max: 600 }),
      ),
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
