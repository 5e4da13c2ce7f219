import type { Sale } from './read-sales.ts';

/** One product as head office knows it before the first sale. */
export interface Product {
  readonly id: string;
  /** As head office lists it: where the receipts know several names, all of them. */
  readonly name: string;
  /** Every name that a receipt gives it; the sales file has two for some. */
  readonly names: readonly string[];
  readonly category: string;
  readonly unitPrice: string;
  readonly openingStock: number;
  /** Pieces that all shops together will sell. */
  readonly soldUnits: number;
}

const PIECES_PER_CARTON = 12;

/** The products of the sales, with a stock of full cartons that is enough for all of them. */
export function buildCatalogue(sales: readonly Sale[]): readonly Product[] {
  return [...Map.groupBy(sales, (sale) => sale.productId)].flatMap(([id, own]) => {
    const [first] = own;
    if (first === undefined) return [];
    const names = [...new Set(own.map((sale) => sale.productName))];
    const soldUnits = own.reduce((sum, sale) => sum + sale.quantity, 0);
    return [
      {
        id,
        name: names.join(' | '),
        names,
        category: first.category,
        unitPrice: first.listPrice,
        openingStock: (Math.floor(soldUnits / PIECES_PER_CARTON) + 1) * PIECES_PER_CARTON,
        soldUnits,
      },
    ];
  });
}
