/** The statement that inserts an inventory with ten pieces. */
export function inventorySql(id: string): string {
  return `INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('${id}', 'sku-${id}', 'Item ${id}', 10, '2.5000');`;
}

/** The statement that inserts a sale of one piece. */
export function saleSql(id: string, inventoryId: string): string {
  return `INSERT INTO transactions (id, inventory_id, type, quantity, unit_price, total) VALUES ('${id}', '${inventoryId}', 'sale', 1, '2.5000', '2.5000');`;
}

/** Sales with their stock changes, all in one transaction. */
export function sellSql(inventoryId: string, ...ids: readonly string[]): string {
  const sales = ids.map((id) => saleSql(id, inventoryId)).join('\n');
  return `BEGIN IMMEDIATE; ${sales}
    UPDATE inventories SET quantity = quantity - ${ids.length} WHERE id = '${inventoryId}'; COMMIT;`;
}
