import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { RowState } from '../slave-store.ts';

/** Rows of one table by what is to be done with them. */
export interface TableWork {
  readonly table: TableDefinition;
  /** Rows to insert or update. */
  readonly rows: readonly Row[];
  /** Ids of rows to delete. */
  readonly gone: readonly string[];
}

/** Sorts row states by table, parents first; of several states of one row the last counts. Unknown tables are left out. */
export function tableWork(
  tables: TableRegistry,
  states: readonly RowState[],
): readonly TableWork[] {
  const byTable = new Map<string, Map<string, Row | null>>();
  for (const { table, id, row } of states) {
    let own = byTable.get(table);
    if (own === undefined) {
      own = new Map();
      byTable.set(table, own);
    }
    own.set(id, row);
  }
  return tables.tables.flatMap((table) => {
    const own = byTable.get(table.name);
    return own === undefined ? [] : [splitWork(table, own)];
  });
}

function splitWork(table: TableDefinition, states: ReadonlyMap<string, Row | null>): TableWork {
  const rows: Row[] = [];
  const gone: string[] = [];
  for (const [id, row] of states) {
    if (row === null) gone.push(id);
    else rows.push(row);
  }
  return { table, rows, gone };
}
