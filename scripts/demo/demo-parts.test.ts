import { describe, expect, test } from 'vitest';
import { findFaults, type Books } from './books.ts';
import { buildCatalogue } from './catalogue.ts';
import { divideRounded, fromUnits, toUnits } from './money.ts';
import { expectedStock, planEdits } from './plan-edits.ts';
import { groupOrders, parseSales, type Sale } from './read-sales.ts';
import { formatReport, grouped, money, tableLines, type DemoResult } from './report.ts';
import { countConflicts, tellExamples } from './tell-conflicts.ts';

const HEADING =
  'Row ID,Order ID,Order Date,Region,Product ID,Category,Sub-Category,Product Name,Sales,Quantity,Discount';

function csvOf(...rows: readonly string[]): string {
  return [HEADING, ...rows].join('\n');
}

const TWO_ROWS = csvOf(
  '7,CA-2,2016-11-09,West,P-1,Furniture,Chairs,"Chair, red",731.94,3,0.2',
  '5,CA-1,2016-11-08,South,P-1,Furniture,Chairs,Red chair,14.62355,2,0',
);

function saleOf(overrides: Partial<Sale>): Sale {
  const [sale] = parseSales(TWO_ROWS);
  if (sale === undefined) throw new Error('no sale');
  return { ...sale, ...overrides };
}

describe('money', () => {
  test('is exact to four decimals, and rounds a half up', () => {
    expect(fromUnits(toUnits('261.96'))).toBe('261.9600');
    expect(fromUnits(toUnits('957.57755'))).toBe('957.5776');
    expect(fromUnits(toUnits('0.00004'))).toBe('0.0000');
    expect(divideRounded(10n, 4n)).toBe(3n);
    expect(divideRounded(10n, 3n)).toBe(3n);
  });

  test('refuses what is no amount', () => {
    expect(() => toUnits('-1')).toThrow('"-1" is not an amount');
    expect(() => toUnits('1e3')).toThrow('"1e3" is not an amount');
  });
});

describe('the sales', () => {
  test('come in order of date, with prices worked out exactly', () => {
    expect(parseSales(TWO_ROWS)).toMatchObject([
      { id: 'sale-5', region: 'South', total: '14.6236', unitPrice: '7.3118', listPrice: '7.3118' },
      {
        id: 'sale-7',
        region: 'West',
        total: '731.9400',
        unitPrice: '243.9800',
        listPrice: '304.9750',
      },
    ]);
  });

  test('name the row of what cannot be used', () => {
    const csv = csvOf('7,CA-2,2016-11-09,West,P-1,Furniture,Chairs,Chair,731.94,none,0');
    expect(() => parseSales(csv)).toThrow('row 7 of the sales file: "none" is no Quantity');
  });

  test('of one receipt stay together', () => {
    const sales = [saleOf({ id: 'a' }), saleOf({ id: 'b', orderId: 'CA-9' }), saleOf({ id: 'c' })];
    expect(groupOrders(sales).map((order) => order.sales.map(({ id }) => id))).toEqual([
      ['a', 'c'],
      ['b'],
    ]);
  });
});

describe('the stock', () => {
  const counts = {
    countBefore: { region: 'East', productId: 'P-1', counted: 33, missing: 3 },
    countAfter: { region: 'East', productId: 'P-2', counted: 6, missing: 1 },
  } as const;

  test('opens with full cartons, more than is sold', () => {
    const catalogue = buildCatalogue([saleOf({ quantity: 12 }), saleOf({ quantity: 5 })]);
    expect(catalogue).toMatchObject([
      { id: 'P-1', soldUnits: 17, openingStock: 24, names: ['Red chair'] },
    ]);
    expect(buildCatalogue([saleOf({ quantity: 12 })])[0]?.openingStock).toBe(24);
  });

  test('ends as opening stock less sales, less what counts found missing', () => {
    const catalogue = buildCatalogue([
      saleOf({ quantity: 5 }),
      saleOf({ productId: 'P-2', quantity: 5 }),
      saleOf({ productId: 'P-3', quantity: 5 }),
    ]);
    expect([...expectedStock(catalogue, counts)]).toEqual([
      ['P-1', 4],
      ['P-2', 6],
      ['P-3', 7],
    ]);
  });

  test('a product with two names is listed with both', () => {
    const [product] = buildCatalogue(parseSales(TWO_ROWS));
    expect(product?.name).toBe('Red chair | Chair, red');
  });
});

test('a plan says so when no product fits', () => {
  const sales = parseSales(TWO_ROWS);
  expect(() => planEdits(groupOrders(sales), buildCatalogue(sales))).toThrow(
    'the sales hold no product for',
  );
});

describe('books', () => {
  const sale = saleOf({});
  const row = {
    id: sale.id,
    inventory_id: 'P-1',
    type: 'sale',
    quantity: 2,
    unit_price: sale.unitPrice,
    total: sale.total,
    reference: 'CA-1',
    sold_on: '2016-11-08',
  };
  const right: Books = {
    name: 'west',
    stock: new Map([['P-1', 10]]),
    sales: [row],
    conflicts: [],
    products: new Map(),
    digest: '',
  };
  const expected = { stock: new Map([['P-1', 10]]), sales: [sale] };

  test('that are right have no faults', () => {
    expect(findFaults(right, expected)).toEqual([]);
  });

  test('show wrong stock, and sales that are lost, changed or invented', () => {
    expect(findFaults({ ...right, stock: new Map([['P-2', 9]]) }, expected)).toEqual([
      'west: stock of P-1 is missing, it must be 10',
      'west: stock of P-2 is 9, it must be missing',
    ]);
    expect(findFaults({ ...right, sales: [] }, expected)).toEqual([
      'west: sale-5 is there 0 times',
    ]);
    expect(findFaults({ ...right, sales: [{ ...row, total: '14.6235' }] }, expected)[0]).toMatch(
      '"total":"14.6235"',
    );
    expect(findFaults({ ...right, sales: [row, { ...row, id: 'x' }] }, expected)).toEqual([
      'west: nobody made the sale x',
    ]);
  });

  test('show only the first few faults of a kind', () => {
    const many = new Map(
      Array.from({ length: 9 }, (_, index): [string, number] => [`P-${index}`, 1]),
    );
    const faults = findFaults(right, { stock: many, sales: [sale] });
    expect(faults).toHaveLength(6);
    expect(faults.at(-1)).toBe('... and 4 more of these');
  });
});

describe('conflicts', () => {
  const edit = {
    record_id: 'P-1',
    slave: 'west',
    columns: '["name"]',
    policy: 'latest',
    outcome: 'incoming',
    state: 'settled',
    reason: 'later',
    master: '{"name":"Chair"}',
    incoming: '{"name":"Stool"}',
  };
  const removal = {
    ...edit,
    record_id: 'P-9',
    slave: 'south',
    columns: '[]',
    outcome: 'master',
    reason: 'the change wins over the delete',
  };
  const plan = {
    names: [
      { region: 'East', productId: 'P-1', name: 'Chair' },
      { region: 'West', productId: 'P-1', name: 'Stool' },
    ],
    places: [],
    removal: { region: 'South', productId: 'P-9' },
  } as const;

  test('are counted by what they were about and how they were settled', () => {
    expect(countConflicts([removal, edit, edit])).toEqual([
      { what: 'name', policy: 'latest', outcome: 'the one that arrived later stands', count: 2 },
      {
        what: 'update against delete',
        policy: 'latest',
        outcome: 'the change wins over the delete',
        count: 1,
      },
    ]);
  });

  test('are told in words, with the name of who wrote what', () => {
    const products = new Map([['P-9', { name: 'Lamp' }]]);
    expect(tellExamples([edit, removal], plan, products)).toEqual([
      'name of P-1: east wrote "Chair", west wrote "Stool" later, which stands',
      'P-9: south took it off the list while others sold it; "Lamp" stays, with its sales',
    ]);
    expect(tellExamples([{ ...edit, outcome: 'master' }], plan, products)).toEqual([
      'name of P-1: west wrote "Stool", east wrote "Chair" later, which stands',
    ]);
  });
});

describe('the report', () => {
  const shop = {
    region: 'West',
    sent: 3120,
    received: 7000,
    merged: 12,
    conflicts: 3,
    receipts: 1611,
    sales: 3203,
  } as const;
  const result: DemoResult = {
    receipts: 5009,
    sales: 9994,
    turnover: '2297200.8603',
    shops: [shop, { ...shop, region: 'East', sales: 7 }],
    rounds: 4,
    syncMs: 4321,
    typo: { shop: 'West', productId: 'P-3', wrong: '1.23456', right: '1.2346' },
    conflicts: [
      { what: 'name', policy: 'latest', outcome: 'the one that arrived later stands', count: 24 },
    ],
    examples: ['one', 'two'],
    products: 1862,
    units: 37_873,
    missing: 5,
    digests: [{ name: 'master', digest: 'a'.repeat(64) }],
    totalMs: 23_456,
  };

  test('writes numbers as people do', () => {
    expect(grouped(9994)).toBe('9,994');
    expect(grouped(123)).toBe('123');
    expect(money('2297200.8603')).toBe('2,297,200.8603');
    expect(money('10.5000')).toBe('10.50');
  });

  test('sets columns side by side', () => {
    expect(tableLines(['shop', 'up'], [['West', '3,203']])).toEqual([
      '  shop     up',
      '  West  3,203',
    ]);
  });

  test('tells traffic, conflicts, checks and time', () => {
    const text = formatReport(result).join('\n');
    expect(text).toContain('  together     3,222  3,210    6,240');
    expect(text).toContain('   24  name, policy latest: the one that arrived later stands');
    expect(text).toContain(
      'all 9,994 sales on 5,009 receipts, each exactly once, worth 2,297,200.8603',
    );
    expect(text).toContain(
      'the stock of all 1,862 products: 37,873 pieces sold, 5 missing when counted',
    );
    expect(text).toContain('Done in 23.5 s.');
  });
});
