import type { ForeignConnection } from '../../testkit/foreign-connection.ts';

/** One captured change as it lies in the database. */
export interface CapturedRow {
  readonly table_name: string;
  readonly row_id: string;
  readonly action: string;
  readonly columns: string;
  readonly image: string;
  readonly moves: string | null;
  readonly generation: number;
  readonly origin: string;
  readonly changed_at: string;
}

/** The whole change log in the order of capture. */
export function capturedRows(connection: ForeignConnection): Promise<readonly CapturedRow[]> {
  const order = connection.dialect === 'sqlite' ? 'position' : 'id';
  return connection.all<CapturedRow>(
    `SELECT table_name, row_id, action, columns, image, moves, generation, origin, changed_at FROM sync_changes ORDER BY ${order}`,
  );
}

/** The change log as short texts: `create i1`, `update i1 name,location`. */
export async function capturedTexts(connection: ForeignConnection): Promise<readonly string[]> {
  const rows = await capturedRows(connection);
  return rows.map(({ action, row_id: id, columns }) =>
    columns === '' ? `${action} ${id}` : `${action} ${id} ${columns}`,
  );
}

/** `INSERT` of an item, as any program would write it. */
export function insertItem(id: string, quantity = 10): string {
  return `INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('${id}', 'sku-${id}', 'name ${id}', ${quantity}, 9.99)`;
}
