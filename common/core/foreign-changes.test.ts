import { describe, expect, it } from 'vitest';
import { sinceLastDelete, touches, wasMadeAnew } from './foreign-changes.ts';
import { logged } from './merge-builders.testkit.ts';

const update = logged({ columns: ['name'] });
const deleted = logged({ action: 'delete' });
const anew = logged({ action: 'create' });
const revived = logged({ action: 'create', columns: ['name'] });

describe('foreign changes', () => {
  it('touch what they changed: a new row every column, a delete none', () => {
    expect([update, deleted, anew, revived].map((change) => touches(change, 'name'))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect([update, deleted, anew, revived].map((change) => touches(change, 'place'))).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it('MERGE6 make a row anew by a create behind a delete, unless it only brought the row back', () => {
    expect(wasMadeAnew([update, deleted, anew])).toBe(true);
    expect(wasMadeAnew([deleted, anew, deleted, revived])).toBe(true);
    expect(wasMadeAnew([deleted, revived, update])).toBe(false);
    expect(wasMadeAnew([anew, update])).toBe(false);
    expect(wasMadeAnew([anew, deleted])).toBe(false);
    expect(wasMadeAnew([])).toBe(false);
    expect(wasMadeAnew([update, { ...anew, isAnew: true }])).toBe(true);
  });

  it('MERGE5 speak for a row only since its last delete', () => {
    expect(sinceLastDelete([update, deleted, revived, update])).toEqual([revived, update]);
    expect(sinceLastDelete([update, deleted])).toEqual([]);
    expect(sinceLastDelete([update])).toEqual([update]);
  });
});
