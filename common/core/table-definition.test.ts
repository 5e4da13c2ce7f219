import { describe, expect, it } from 'vitest';
import {
  blob,
  boolean,
  decimal,
  defineTable,
  integer,
  json,
  key,
  policyOf,
  text,
  timestamp,
  type TableDeclaration,
} from './table-definition.ts';

const declaration: TableDeclaration = {
  name: 'goods',
  columns: {
    id: key(),
    name: text({ maxLength: 10 }),
    quantity: integer({ counter: true }),
    price: decimal(14, 4),
    open: boolean(),
    seen_at: timestamp({ policy: 'greatest' }),
    extra: json(),
    bytes: blob(),
  },
};

function declare(overrides: Partial<TableDeclaration>): () => unknown {
  return () => defineTable({ ...declaration, ...overrides });
}

function declareColumn(name: string, column: TableDeclaration['columns'][string]): () => unknown {
  return declare({ columns: { ...declaration.columns, [name]: column } });
}

describe('defineTable', () => {
  it('fills what a declaration leaves out', () => {
    const table = defineTable(declaration);
    expect(table.columns.map((column) => column.name)).toEqual(Object.keys(declaration.columns));
    expect(table.columnByName.get('name')).toEqual({
      name: 'name',
      type: { kind: 'text', maxLength: 10 },
    });
    expect(table).toMatchObject({
      uniqueKeys: [],
      internal: false,
      sync: {
        direction: 'both',
        conflictPolicy: 'latest',
        appendOnly: false,
        recordConflicts: true,
      },
    });
  });

  it('takes only what a declaration says about syncing', () => {
    const table = defineTable({ ...declaration, sync: { direction: 'up', appendOnly: true } });
    expect(table.sync).toEqual({
      direction: 'up',
      conflictPolicy: 'latest',
      appendOnly: true,
      recordConflicts: true,
    });
  });

  it.each(['Goods', '1goods', 'goods-2', '', 'goods"', 'g'.repeat(64), 'sqlite master'])(
    'refuses the table name %j',
    (name) => {
      expect(declare({ name })).toThrow('lower snake case');
    },
  );

  it("keeps names of the product's own tables for itself", () => {
    expect(declare({ name: 'sync_changes' })).toThrow('begin with sync_');
    expect(declare({ name: 'sync_conflicts', internal: true })).not.toThrow();
  });

  it('asks for the key as the first column', () => {
    const first = 'the first column must be `id: key()`';
    expect(declare({ columns: {} })).toThrow(first);
    expect(declare({ columns: { name: text(), id: key() } })).toThrow(first);
    expect(declare({ columns: { id: integer() } })).toThrow(first);
    expect(declare({ columns: { id: { ...key(), nullable: true } } })).toThrow(first);
  });

  it.each(['Name', '_name', 'na me', 'constructor', 'prototype', 'a"b'])(
    'B19 refuses the column name %j and names it',
    (name) => {
      expect(declareColumn(name, text())).toThrow(`table goods: column ${name}`);
    },
  );

  it('refuses counters that cannot count', () => {
    expect(declareColumn('n', text({ counter: true }))).toThrow('only numbers');
    expect(declareColumn('n', integer({ counter: true, nullable: true }))).toThrow('nullable');
    expect(declareColumn('n', integer({ policy: 'counter' }))).toThrow('counter: true');
    expect(declareColumn('n', decimal(5, 2, { counter: true }))).not.toThrow();
  });

  it('refuses references that hold no id', () => {
    expect(declareColumn('other_id', integer({ references: 'others' }))).toThrow('must be text');
  });

  it.each([
    [0, 0],
    [4, 5],
    [4, -1],
    [4.5, 1],
    [101, 2],
    [Number.NaN, 0],
  ])('refuses decimal(%d, %d)', (precision, scale) => {
    expect(declareColumn('price', decimal(precision, scale))).toThrow('scale <= precision');
  });

  it('refuses unique keys over columns that are not there', () => {
    expect(declare({ uniqueKeys: [['name', 'stray']] })).toThrow('unknown column stray');
    expect(declare({ uniqueKeys: [['name', 'price']] })).not.toThrow();
  });
});

describe('policyOf', () => {
  it("is the column's own, else counter for counters, else the table's", () => {
    const table = defineTable({ ...declaration, sync: { conflictPolicy: 'manual' } });
    const policies = table.columns.map((column) => [column.name, policyOf(table, column)]);
    expect(Object.fromEntries(policies)).toMatchObject({
      name: 'manual',
      quantity: 'counter',
      seen_at: 'greatest',
    });
  });
});
