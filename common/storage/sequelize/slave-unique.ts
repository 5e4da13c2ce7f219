import type { Row, TableDefinition } from '../../core/table-definition.ts';
import { declaredUniqueKeys } from './dialects/sqlite-capture.ts';
import { presentUniqueKeys } from './dialects/sqlite-inspect.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { quote } from './dialects/table-sql.ts';
import type { SlaveTxContext } from './slave-context.ts';
import { rowsInTheWay } from './slave-rows.ts';
import type { SqlRunner } from './sql-database.ts';

/**
 * Frees the unique values of rows that are about to be written with others, by a placeholder in one column of each
 * unique key. The rows stay, and with them columns that only the application knows.
 */
export async function swapUniqueValues(
  sql: SqlRunner,
  table: TableDefinition,
  ids: readonly string[],
): Promise<void> {
  const keys = [...declaredUniqueKeys(table), ...(await presentUniqueKeys(sql, table.name, 'all'))];
  const columns = keys.flatMap(
    (key) => key.find((name) => name !== 'id' && table.columnByName.has(name)) ?? [],
  );
  if (columns.length === 0) return;
  // SQLite columns hold any type, so the text fits numbers' columns too.
  const placeholders = [...new Set(columns)].map((name) => `${quote(name)} = '~' || id`);
  await sql.run(
    `UPDATE ${quote(table.name)} SET ${placeholders.join(', ')} WHERE id IN (${sqliteTable.idList(1)})`,
    [JSON.stringify(ids)],
  );
}

/** Those of the rows whose unique values are free, or held by others of them only. */
export async function writableTogether(
  context: SlaveTxContext,
  table: TableDefinition,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const holders = new Map<Row, readonly string[]>();
  for (const row of rows) holders.set(row, await rowsInTheWay(context, table.name, row));
  let group = rows;
  for (;;) {
    const ids = new Set(group.map((row) => row['id']));
    const free = group.filter((row) => (holders.get(row) ?? []).every((id) => ids.has(id)));
    if (free.length === group.length) return free;
    group = free;
  }
}
