import { describe, expect, it } from 'vitest';
import { SyncError } from '../core/sync-error.ts';
import { inventories } from '../tables/inventories.ts';
import { parseSetOptions } from './parse-set-options.ts';

describe('--set', () => {
  it('reads values by the types of their columns', () => {
    expect(
      parseSetOptions(inventories, ['name=a=b', 'quantity=12', 'unit_price=1.5'], ['location']),
    ).toEqual({
      name: 'a=b',
      quantity: 12,
      unit_price: '1.5',
      location: null,
    });
    expect(parseSetOptions(inventories, ['quantity=9007199254740993', 'name='], [])).toEqual({
      quantity: '9007199254740993',
      name: '',
    });
  });

  it.each([
    [['name']],
    [['=x']],
    [['nome=x']],
    [['id=x']],
    [['name=x', 'name=y']],
    [['__proto__=x']],
  ])('refuses %j', (set) => {
    expect(() => parseSetOptions(inventories, set, [])).toThrow(SyncError);
  });
});
