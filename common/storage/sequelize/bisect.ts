import { classifyDatabaseError } from './database-error.ts';
import type { SqlRunner } from './sql-database.ts';

/** An item that the database refuses, with what its driver threw. */
export interface Refusal<T> {
  readonly item: T;
  readonly thrown: unknown;
}

/**
 * Writes items with one statement; where it fails because of rows, halves the items down to the bad ones, each
 * try in a savepoint. One bad among n costs about 2 log2 n statements (P6).
 *
 * @param write writes all given items or throws.
 * @returns the items that the database refuses even alone; errors that are not about rows are thrown.
 */
export async function writeBisecting<T>(
  sql: SqlRunner,
  items: readonly T[],
  write: (items: readonly T[]) => Promise<void>,
): Promise<readonly Refusal<T>[]> {
  if (items.length === 0) return [];
  try {
    await sql.savepoint(() => write(items));
    return [];
  } catch (thrown) {
    if (classifyDatabaseError(thrown)?.kind !== 'row') throw thrown;
    const [only] = items;
    if (items.length === 1 && only !== undefined) return [{ item: only, thrown }];
  }
  const middle = items.length >> 1;
  return [
    ...(await writeBisecting(sql, items.slice(0, middle), write)),
    ...(await writeBisecting(sql, items.slice(middle), write)),
  ];
}
