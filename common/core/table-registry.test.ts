import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boolean,
  decimal,
  defineTable,
  integer,
  key,
  text,
  timestamp,
  type TableDefinition,
} from './table-definition.ts';
import { parentsOf, registerTables } from './table-registry.ts';

function table(name: string, ...parents: readonly string[]): TableDefinition {
  const references = parents.map(
    (parent) => [`${parent}_id`, text({ references: parent })] as const,
  );
  return defineTable({ name, columns: { id: key(), ...Object.fromEntries(references) } });
}

describe('registerTables', () => {
  it('puts parents before the tables that refer to them', () => {
    const registry = registerTables([
      table('c', 'b'),
      table('b', 'a'),
      table('a'),
      table('d', 'd'),
    ]);
    expect(registry.tables.map(({ name }) => name)).toEqual(['a', 'd', 'b', 'c']);
    expect([...registry.byName.keys()]).toEqual(['a', 'd', 'b', 'c']);
  });

  it('keeps every table and never puts a child first, whatever the order given', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const edges = fc.uniqueArray(
      fc.tuple(fc.nat(4), fc.nat(4)).filter(([from, to]) => from >= to),
      {
        selector: String,
      },
    );
    const order = fc.shuffledSubarray(names, { minLength: 5 });
    fc.assert(
      fc.property(edges, order, (pairs, given) => {
        const parents = (name: string): string[] =>
          pairs.flatMap(([from, to]) => (names[from] === name ? [names[to] ?? ''] : []));
        const { tables } = registerTables(given.map((name) => table(name, ...parents(name))));
        expect(tables.map(({ name }) => name).toSorted()).toEqual(names);
        for (const [index, one] of tables.entries()) {
          const before = tables.slice(0, index).map(({ name }) => name);
          expect(before).toEqual(expect.arrayContaining([...parentsOf(one)]));
        }
      }),
    );
  });

  it('says what is wrong, by name', () => {
    expect(() => registerTables([table('a'), table('a')])).toThrow('same name');
    expect(() => registerTables([table('a', 'gone')])).toThrow(
      'table a refers to unknown table gone',
    );
    expect(() => registerTables([table('a', 'b'), table('b', 'a')])).toThrow('ring: a, b');
  });

  it.each([
    ['integer', integer({ default: 'many' })],
    ['decimal', decimal(5, 2, { default: 1.5 })],
    ['boolean', boolean({ default: 1 })],
    ['timestamp', timestamp({ default: 'tomorrow' })],
    ['key', text({ default: null })],
  ])('refuses a default that is no canonical %s', (_kind, column) => {
    const wrong = defineTable({ name: 'a', columns: { id: key(), c: column } });
    expect(() => registerTables([wrong])).toThrow('table a: default of column c');
  });

  it('takes defaults in canonical form', () => {
    const right = defineTable({
      name: 'a',
      columns: {
        id: key(),
        price: decimal(5, 2, { default: '1.50' }),
        word: text({ default: 'now' }),
        made_at: timestamp({ default: 'now' }),
      },
    });
    expect(() => registerTables([right])).not.toThrow();
  });
});
