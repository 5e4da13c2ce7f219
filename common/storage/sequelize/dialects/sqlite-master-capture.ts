import type { TableDefinition } from '../../../core/table-definition.ts';
import {
  declaredUniqueKeys,
  sqliteCapture,
  type CaptureSink,
  type CapturedChange,
  keyText,
} from './sqlite-capture.ts';
import { SQLITE_NOW } from './sqlite-table.ts';

/**
 * Triggers that write every change of a table into the master's change log, whoever makes it (design 3.1).
 *
 * @param uniqueKeys all column lists that no two rows share in the database; default: the declared ones.
 */
export function sqliteMasterCapture(
  table: TableDefinition,
  uniqueKeys: readonly (readonly string[])[] = declaredUniqueKeys(table),
): readonly string[] {
  return sqliteCapture(table, changeLog, uniqueKeys);
}

const changeLog: CaptureSink = {
  when: 'true',
  insert: (table, change, from) => {
    const where = from === '' ? '' : ` ${from}`;
    return `INSERT INTO sync_changes (table_name, row_id, action, columns, image, moves, counted_at, generation, origin, transaction_id, changed_at)
    SELECT '${table.name}', ${keyText(change.rowId)}, '${change.action}', ${change.columns}, ${change.image}, ${change.deltas},
      CASE WHEN (SELECT counting FROM sync_context) = 1 THEN ${SQLITE_NOW} END,
      ${generationOf(table, change)},
      (SELECT origin FROM sync_context), (SELECT transaction_id FROM sync_context), ${SQLITE_NOW}${where}`;
  },
};

/** Odd while the row lives: inserting and deleting raise it (rule MERGE6). */
function generationOf(table: TableDefinition, { action, rowId }: CapturedChange): string {
  const last = `coalesce((SELECT generation FROM sync_changes WHERE table_name = '${table.name}' AND row_id = ${keyText(rowId)} ORDER BY position DESC LIMIT 1), 0)`;
  if (action === 'create') return `(${last} + 1) | 1`;
  return action === 'delete' ? `(${last} | 1) + 1` : `${last} | 1`;
}
