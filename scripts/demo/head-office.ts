import type { Product } from './catalogue.ts';
import { DemoFailure } from './demo-failure.ts';

/** Where a plain client finds the master, and how it says who it is. */
export interface PlainClient {
  readonly url: string;
  readonly token: string;
}

const RECORDS_PER_UPLOAD = 1000;

/**
 * Loads the products with their opening stock at the master, as a program without a database of its own does: plain
 * uploads over HTTP.
 *
 * @throws DemoFailure when the master does not take every product.
 */
export async function uploadCatalogue(
  client: PlainClient,
  products: readonly Product[],
  signal: AbortSignal,
): Promise<void> {
  for (let start = 0; start < products.length; start += RECORDS_PER_UPLOAD) {
    const part = products.slice(start, start + RECORDS_PER_UPLOAD);
    const response = await fetch(`${client.url}/api/sync/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ records: part.map(toRecord) }),
      signal,
    });
    const text = await response.text();
    const accepted = response.ok ? (JSON.parse(text) as { readonly accepted: number }).accepted : 0;
    if (accepted !== part.length) {
      throw new DemoFailure(
        `the master took ${accepted} of ${part.length} products (HTTP ${response.status})`,
        [text.slice(0, 2000)],
      );
    }
  }
}

function toRecord(product: Product): Readonly<Record<string, unknown>> {
  return {
    table: 'inventories',
    action: 'create',
    id: product.id,
    data: {
      sku: product.id,
      name: product.name,
      description: product.category,
      quantity: product.openingStock,
      unit_price: product.unitPrice,
      location: 'warehouse',
    },
  };
}
