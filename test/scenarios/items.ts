/** `INSERT` of an item as any program writes it; the same text serves SQLite and PostgreSQL. */
export function insertItem(id: string, quantity = 10, name = `name ${id}`): string {
  return `INSERT INTO inventories (id, sku, name, quantity, unit_price)
    VALUES ('${id}', 'sku-${id}', '${name}', ${quantity}, 9.99)`;
}

/** `INSERT` of a sale. */
export function insertSale(id: string, itemId: string, quantity = 1): string {
  return `INSERT INTO transactions (id, inventory_id, type, quantity, unit_price, total)
    VALUES ('${id}', '${itemId}', 'sale', ${quantity}, 9.99, ${quantity} * 9.99)`;
}

/** `INSERT` of many items at once: `prefix-1` to `prefix-count`. */
export function insertItems(prefix: string, count: number): string {
  return `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${count})
    INSERT INTO inventories (id, sku, name, quantity, unit_price)
    SELECT '${prefix}-' || n, 'sku-${prefix}-' || n, 'name ' || n, n, 1.5 FROM c`;
}

/** Moves an item's stock as a sale does. */
export function moveStock(id: string, by: number): string {
  return `UPDATE inventories SET quantity = quantity + (${by}) WHERE id = '${id}'`;
}
