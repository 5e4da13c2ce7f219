import { describe, expect, test } from 'vitest';
import { planLogPage, type PlannedChange } from './log-page-plan.ts';

const request = { after: 10, limit: 3, hardLimit: 6 };
const BYTES = 100;

/** Changes from position 11 on: one letter a transaction, `-` where it is not known. */
function changes(transactions: string, bytes = 1): readonly PlannedChange[] {
  return [...transactions].map((letter, index) => ({
    position: 11 + index,
    transaction: letter === '-' ? null : letter,
    bytes,
  }));
}

describe('planLogPage', () => {
  test.each([
    ['nothing', '', true, { end: 10, hasMore: false, partial: false }],
    ['fewer than wanted', 'ab', true, { end: 12, hasMore: false, partial: false }],
    ['exactly what is wanted', 'abc', true, { end: 13, hasMore: false, partial: false }],
    ['more, cut between transactions', 'abcd', true, { end: 13, hasMore: true, partial: false }],
    ['a transaction over the limit', 'abbbb', true, { end: 15, hasMore: false, partial: false }],
    ['one that is followed by another', 'abbbbc', true, { end: 15, hasMore: true, partial: false }],
    ['one up to the hard limit', 'bbbbbb', true, { end: 16, hasMore: false, partial: false }],
    ['one beyond the hard limit', 'bbbbbbb', true, { end: 16, hasMore: true, partial: true }],
    ['unknown transactions', '----', true, { end: 13, hasMore: true, partial: true }],
    ['the end of unknown ones', '---', true, { end: 13, hasMore: false, partial: false }],
    ['unknown before known', '---a', true, { end: 13, hasMore: true, partial: false }],
  ])('DOWN3 %s', (_, transactions, complete, plan) => {
    const found = planLogPage(request, changes(transactions), complete, BYTES);
    expect(found).toEqual({ ...plan, needsMore: false });
  });

  test('DOWN3 asks for more when the end of a transaction is not in sight', () => {
    expect(planLogPage(request, changes('abbb'), false, BYTES).needsMore).toBe(true);
    expect(planLogPage(request, changes('abcd'), false, BYTES).needsMore).toBe(false);
    expect(planLogPage(request, changes('bbbbbb'), false, BYTES)).toMatchObject({
      needsMore: false,
      partial: true,
    });
  });

  test('P12 ends before the change that would make the page too large, but holds one at least', () => {
    expect(planLogPage(request, changes('abc', 60), true, BYTES)).toMatchObject({
      end: 11,
      hasMore: true,
      partial: false,
    });
    expect(planLogPage(request, changes('abc', 500), true, BYTES)).toMatchObject({ end: 11 });
  });

  test('P12 a transaction that is too large for a page comes in partial pages', () => {
    const plan = planLogPage(request, changes('bbbb', 70), true, BYTES);
    expect(plan).toEqual({ end: 11, hasMore: true, partial: true, needsMore: false });
  });
});
