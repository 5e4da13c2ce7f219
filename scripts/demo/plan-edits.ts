import type { Product } from './catalogue.ts';
import { REGIONS, type Order, type Region, type Sale } from './read-sales.ts';

/** Somebody counts the pieces on the shelf and writes down what is there. */
export interface StockCount {
  readonly region: Region;
  readonly productId: string;
  readonly counted: number;
  /** Pieces that the count found missing. */
  readonly missing: number;
}

/** What the shops change while they are offline, beside selling. Each part is about other products. */
export interface EditPlan {
  /** Every shop corrects a doubtful product name to the one on its last receipt. */
  readonly names: readonly {
    readonly region: Region;
    readonly productId: string;
    readonly name: string;
  }[];
  /** Two shops put one product in different places. */
  readonly places: readonly {
    readonly region: Region;
    readonly productId: string;
    readonly location: string;
  }[];
  /** A shop takes out of its list what others sell at the same time. */
  readonly removal: { readonly region: Region; readonly productId: string };
  /** Counted before the first sale of the product: all sales come after the count. */
  readonly countBefore: StockCount;
  /** Counted after the last one: the count has seen all sales. */
  readonly countAfter: StockCount;
  /** A price with five decimals, which no column can hold exactly, and its correction. */
  readonly typo: {
    readonly region: Region;
    readonly productId: string;
    readonly wrong: string;
    readonly right: string;
  };
}

/**
 * Picks the products for edits that meet each other on purpose.
 *
 * @throws Error when the sales hold no product that fits.
 */
export function planEdits(orders: readonly Order[], catalogue: readonly Product[]): EditPlan {
  const uses = productUses(orders);
  const taken = new Set<string>();
  const pick = (what: string, fits: (use: ProductUse) => boolean): Product => {
    const found = catalogue.find((product) => {
      const use = uses.get(product.id);
      return product.names.length === 1 && !taken.has(product.id) && use !== undefined && fits(use);
    });
    if (found === undefined) throw new Error(`the sales hold no product for ${what}`);
    taken.add(found.id);
    return found;
  };
  const early = pick(
    'a count after the last sale',
    (use) => use.regions.size > 1 && use.last < 0.5,
  );
  const late = pick(
    'a count before the first sale',
    (use) => use.regions.size > 1 && use.first > 0.5,
  );
  const placed = pick('two places', (use) => use.regions.size === REGIONS.length);
  const removed = pick('a removal', (use) => !use.regions.has('South') && use.regions.has('West'));
  const mistyped = pick('a wrong price', (use) => use.regions.has('West'));
  return {
    names: doubtfulNames(orders, catalogue),
    places: [
      { region: 'Central', productId: placed.id, location: 'aisle 3' },
      { region: 'East', productId: placed.id, location: 'shop window' },
    ],
    removal: { region: 'South', productId: removed.id },
    countBefore: { region: 'East', productId: late.id, counted: late.openingStock - 3, missing: 3 },
    countAfter: {
      region: 'East',
      productId: early.id,
      counted: early.openingStock - early.soldUnits - 2,
      missing: 2,
    },
    typo: { region: 'West', productId: mistyped.id, wrong: '12.34567', right: '12.3457' },
  };
}

/**
 * The stock that every database must show in the end: the opening stock less all sales, less what counts found missing.
 *
 * @returns pieces by product id.
 */
export function expectedStock(
  catalogue: readonly Product[],
  plan: Pick<EditPlan, 'countBefore' | 'countAfter'>,
): ReadonlyMap<string, number> {
  const counts = [plan.countBefore, plan.countAfter];
  return new Map(
    catalogue.map((product) => {
      const missing = counts.find((count) => count.productId === product.id)?.missing ?? 0;
      return [product.id, product.openingStock - product.soldUnits - missing];
    }),
  );
}

/** Who sells a product, and in which part of the day; 0 is the first order of its shop, 1 the last. */
interface ProductUse {
  readonly regions: ReadonlySet<Region>;
  readonly first: number;
  readonly last: number;
}

function productUses(orders: readonly Order[]): ReadonlyMap<string, ProductUse> {
  const uses = new Map<string, ProductUse>();
  for (const [region, own] of Map.groupBy(orders, (order) => order.region)) {
    for (const [index, order] of own.entries()) {
      const at = index / own.length;
      for (const { productId } of order.sales) {
        const known = uses.get(productId);
        uses.set(productId, {
          regions: new Set([...(known?.regions ?? []), region]),
          first: Math.min(known?.first ?? 1, at),
          last: Math.max(known?.last ?? 0, at),
        });
      }
    }
  }
  return uses;
}

function doubtfulNames(orders: readonly Order[], catalogue: readonly Product[]): EditPlan['names'] {
  const doubtful = new Set(catalogue.filter(({ names }) => names.length > 1).map(({ id }) => id));
  const last = new Map<string, Sale>();
  for (const sale of orders.flatMap((order) => order.sales)) {
    if (doubtful.has(sale.productId)) last.set(`${sale.region} ${sale.productId}`, sale);
  }
  return [...last.values()].map(({ region, productId, productName }) => ({
    region,
    productId,
    name: productName,
  }));
}
