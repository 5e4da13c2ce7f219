import type { Traffic } from './sync-rounds.ts';
import type { ConflictCount } from './tell-conflicts.ts';

/** What a demo did and found. */
export interface DemoResult {
  readonly receipts: number;
  readonly sales: number;
  readonly turnover: string;
  readonly shops: readonly ShopResult[];
  readonly rounds: number;
  readonly syncMs: number;
  /** What the one wrong price did. */
  readonly typo: {
    readonly shop: string;
    readonly productId: string;
    readonly wrong: string;
    readonly right: string;
  };
  readonly conflicts: readonly ConflictCount[];
  readonly examples: readonly string[];
  readonly products: number;
  readonly units: number;
  /** Pieces that counts found missing. */
  readonly missing: number;
  /** Digests that the demo calculated itself, by database. */
  readonly digests: readonly { readonly name: string; readonly digest: string }[];
  readonly totalMs: number;
}

/** One shop's part. */
export interface ShopResult extends Omit<Traffic, 'setAside'> {
  readonly receipts: number;
  readonly sales: number;
}

/** What a shop owner wants to know, as lines. */
export function formatReport(result: DemoResult): readonly string[] {
  return ['', ...trafficLines(result), '', ...conflictLines(result), '', ...checkLines(result)];
}

/** A number with separated thousands. */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** An amount with four decimals, as money with two where the others are zero. */
export function money(amount: string): string {
  const [whole = '0', fraction = ''] = amount.split('.');
  return `${grouped(Number(whole))}.${fraction.replace(/00$/, '')}`;
}

/** Columns side by side: the first to the left, numbers to the right. */
export function tableLines(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = heading.map((_, at) =>
    Math.max(...[heading, ...rows].map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ');
  return [line(heading), ...rows.map(line)].map((text) => `  ${text}`);
}

function trafficLines({ shops, rounds, syncMs }: DemoResult): readonly string[] {
  const sum = (pick: (shop: ShopResult) => number): string =>
    grouped(shops.reduce((total, shop) => total + pick(shop), 0));
  return [
    `Sold offline, then synced all at once (${rounds} rounds, ${seconds(syncMs)}):`,
    ...tableLines(
      ['shop', 'receipts', 'sales', 'rows up', 'merged', 'conflicts', 'rows down'],
      [
        ...shops.map((shop) => [
          shop.region,
          grouped(shop.receipts),
          grouped(shop.sales),
          grouped(shop.sent),
          grouped(shop.merged),
          grouped(shop.conflicts),
          grouped(shop.received),
        ]),
        [
          'together',
          sum((shop) => shop.receipts),
          sum((shop) => shop.sales),
          sum((shop) => shop.sent),
          sum((shop) => shop.merged),
          sum((shop) => shop.conflicts),
          sum((shop) => shop.received),
        ],
      ],
    ),
  ];
}

function conflictLines({ conflicts, examples, typo }: DemoResult): readonly string[] {
  const total = conflicts.reduce((sum, { count }) => sum + count, 0);
  return [
    `Conflicts: ${total}, each kept with both sides, so that a person can take it back:`,
    ...conflicts.map(
      ({ what, policy, outcome, count }) =>
        `  ${String(count).padStart(3)}  ${what}, policy ${policy}: ${outcome}`,
    ),
    'For example:',
    ...examples.map((example) => `  - ${example}.`),
    `Set aside: 1 row. ${typo.shop} typed the price ${typo.wrong} for ${typo.productId}, which has one decimal too many;`,
    `  everything else went on, and ${typo.right} brought the row through.`,
  ];
}

function checkLines(result: DemoResult): readonly string[] {
  const [first] = result.digests;
  return [
    'Checked in all five databases, with plain SQL:',
    `  ✓ all ${grouped(result.sales)} sales on ${grouped(result.receipts)} receipts, each exactly once, worth ${money(result.turnover)}`,
    `  ✓ the stock of all ${grouped(result.products)} products: ${grouped(result.units)} pieces sold, ${result.missing} missing when counted`,
    `  ✓ five equal digests ${first?.digest.slice(0, 16) ?? ''}... (${result.digests.map(({ name }) => name).join(', ')})`,
    '  ✓ `slave verify` says the same in every shop',
    '',
    `Done in ${seconds(result.totalMs)}.`,
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
