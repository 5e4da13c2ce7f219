import type { EditPlan, StockCount } from './plan-edits.ts';
import type { Order, Region } from './read-sales.ts';
import type { SqliteFile } from './sqlite-file.ts';

const INSERT_SALE = `INSERT INTO transactions (id, inventory_id, type, quantity, unit_price, total, reference, occurred_at)
  VALUES (?, ?, 'sale', ?, ?, ?, ?, ?)`;
const TAKE_FROM_STOCK = 'UPDATE inventories SET quantity = quantity - ? WHERE id = ?';

/**
 * Sells orders the way a till does: plain SQL, one transaction for each receipt.
 *
 * @param onSold told after each receipt how many of its lines were sold.
 */
export async function sellOrders(
  file: SqliteFile,
  orders: readonly Order[],
  onSold: (lines: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const insert = await file.prepare(INSERT_SALE);
  const take = await file.prepare(TAKE_FROM_STOCK);
  try {
    for (const order of orders) {
      signal.throwIfAborted();
      await file.transaction(async () => {
        for (const sale of order.sales) {
          const { id, productId, quantity, unitPrice, total } = sale;
          const soldAt = `${sale.orderedOn}T12:00:00.000Z`;
          await insert.run([id, productId, quantity, unitPrice, total, order.id, soldAt]);
          await take.run([quantity, productId]);
        }
      });
      onSold(order.sales.length);
    }
  } finally {
    await insert.finalize();
    await take.finalize();
  }
}

/** Writes down what is on the shelf. The mark tells that the quantity was counted and not calculated. */
export async function countStock(file: SqliteFile, count: StockCount): Promise<void> {
  await file.transaction(async () => {
    await file.run('UPDATE sync_context SET counting = 1');
    await file.run('UPDATE inventories SET quantity = ? WHERE id = ?', [
      count.counted,
      count.productId,
    ]);
    await file.run('UPDATE sync_context SET counting = 0');
    await file.run(
      `INSERT INTO inventory_adjustments (id, inventory_id, quantity_change, reason, adjusted_by)
        VALUES (?, ?, ?, 'stock count', ?)`,
      [`count-${count.productId}`, count.productId, -count.missing, count.region],
    );
  });
}

/** Makes the edits of one shop that others contradict, and the one that cannot be right. */
export async function editProducts(
  file: SqliteFile,
  region: Region,
  plan: EditPlan,
): Promise<void> {
  const isOwn = (edit: { readonly region: Region }): boolean => edit.region === region;
  for (const { productId, name } of plan.names.filter(isOwn)) {
    await file.run('UPDATE inventories SET name = ? WHERE id = ?', [name, productId]);
  }
  for (const { productId, location } of plan.places.filter(isOwn)) {
    await file.run('UPDATE inventories SET location = ? WHERE id = ?', [location, productId]);
  }
  if (isOwn(plan.removal)) {
    await file.run('DELETE FROM inventories WHERE id = ?', [plan.removal.productId]);
  }
  if (isOwn(plan.typo)) await setPrice(file, plan.typo.productId, plan.typo.wrong);
}

/** Changes the price of one product. */
export async function setPrice(file: SqliteFile, productId: string, price: string): Promise<void> {
  await file.run('UPDATE inventories SET unit_price = ? WHERE id = ?', [price, productId]);
}
