import { createHash } from 'node:crypto';
import type { Sale } from './read-sales.ts';
import { openSqliteFile, type SqliteFile, type SqlRow } from './sqlite-file.ts';

/** What plain SQL finds in one of the databases. */
export interface Books {
  /** Whose database it is. */
  readonly name: string;
  /** Pieces by product id. */
  readonly stock: ReadonlyMap<string, number>;
  readonly sales: readonly SqlRow[];
  readonly conflicts: readonly SqlRow[];
  /** Names and places of products, by id. */
  readonly products: ReadonlyMap<string, SqlRow>;
  /** SHA-256 over every column of every row of every synced table. */
  readonly digest: string;
}

/** What the books must show. */
export interface ExpectedBooks {
  readonly stock: ReadonlyMap<string, number>;
  readonly sales: readonly Sale[];
}

const TABLES = ['inventories', 'transactions', 'inventory_adjustments', 'sync_conflicts'];
const MAX_FAULTS = 5;

/** Reads a database that is at rest. */
export async function readBooks(name: string, path: string): Promise<Books> {
  const file = await openSqliteFile(path, 'read');
  try {
    const inventories = await file.all(
      'SELECT id, name, location, unit_price, quantity FROM inventories',
    );
    return {
      name,
      stock: new Map(inventories.map((row) => [String(row['id']), Number(row['quantity'])])),
      products: new Map(inventories.map((row) => [String(row['id']), row])),
      sales: await file.all(
        `SELECT id, inventory_id, type, quantity, printf('%.4f', unit_price) AS unit_price,
          printf('%.4f', total) AS total, reference, substr(occurred_at, 1, 10) AS sold_on FROM transactions`,
      ),
      conflicts: await file.all('SELECT * FROM sync_conflicts ORDER BY id'),
      digest: await digestOf(file),
    };
  } finally {
    await file.close();
  }
}

/**
 * Compares books with what they must show.
 *
 * @returns what is wrong, at most a few lines for each kind of fault; empty when everything adds up.
 */
export function findFaults(books: Books, expected: ExpectedBooks): readonly string[] {
  return [...stockFaults(books, expected.stock), ...saleFaults(books, expected.sales)];
}

function stockFaults(
  { name, stock }: Books,
  expected: ReadonlyMap<string, number>,
): readonly string[] {
  const ids = new Set([...expected.keys(), ...stock.keys()]);
  const wrong = [...ids].filter((id) => stock.get(id) !== expected.get(id));
  return limited(
    wrong.map(
      (id) =>
        `${name}: stock of ${id} is ${stock.get(id) ?? 'missing'}, it must be ${expected.get(id) ?? 'missing'}`,
    ),
  );
}

function saleFaults({ name, sales }: Books, expected: readonly Sale[]): readonly string[] {
  const found = Map.groupBy(sales, (row) => String(row['id']));
  const wanted = new Set(expected.map((sale) => sale.id));
  const wrong = expected.flatMap((sale) => {
    const rows = found.get(sale.id) ?? [];
    const [row] = rows;
    if (rows.length !== 1 || row === undefined)
      return [`${name}: ${sale.id} is there ${rows.length} times`];
    return isSame(row, sale) ? [] : [`${name}: ${sale.id} is ${JSON.stringify(row)}`];
  });
  const strange = [...found.keys()]
    .filter((id) => !wanted.has(id))
    .map((id) => `${name}: nobody made the sale ${id}`);
  return [...limited(wrong), ...limited(strange)];
}

function isSame(row: SqlRow, sale: Sale): boolean {
  return (
    row['type'] === 'sale' &&
    row['inventory_id'] === sale.productId &&
    row['quantity'] === sale.quantity &&
    row['unit_price'] === sale.unitPrice &&
    row['total'] === sale.total &&
    row['reference'] === sale.orderId &&
    row['sold_on'] === sale.orderedOn
  );
}

function limited(faults: readonly string[]): readonly string[] {
  if (faults.length <= MAX_FAULTS) return faults;
  return [...faults.slice(0, MAX_FAULTS), `... and ${faults.length - MAX_FAULTS} more of these`];
}

async function digestOf(file: SqliteFile): Promise<string> {
  const hash = createHash('sha256');
  for (const table of TABLES) {
    for (const row of await file.all(`SELECT * FROM ${table} ORDER BY id`)) {
      const columns = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1));
      hash.update(JSON.stringify([table, columns]));
    }
  }
  return hash.digest('hex');
}
