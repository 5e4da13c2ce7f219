import { canonicalize } from './canonical-value.ts';
import type { ColumnDefinition, TableDefinition } from './table-definition.ts';

/** All synced tables of a program, parents before the tables that refer to them. */
export interface TableRegistry {
  readonly tables: readonly TableDefinition[];
  readonly byName: ReadonlyMap<string, TableDefinition>;
}

/**
 * Orders tables so that every table comes after those it references (itself aside).
 *
 * @throws Error naming the tables when a name is used twice, a reference leads nowhere, references form a ring, or
 * a default is no value of its column.
 */
export function registerTables(tables: readonly TableDefinition[]): TableRegistry {
  const byName = new Map(tables.map((table) => [table.name, table]));
  if (byName.size !== tables.length) throw new Error('two tables have the same name');
  for (const table of tables) checkDefaults(table);
  const ordered: TableDefinition[] = [];
  const placed = new Set<string>();
  let waiting = [...tables];
  while (waiting.length > 0) {
    const ready = waiting.filter((table) => parentsOf(table).every((parent) => placed.has(parent)));
    if (ready.length === 0) throw new Error(unplaceable(waiting, byName));
    for (const table of ready) {
      ordered.push(table);
      placed.add(table.name);
    }
    waiting = waiting.filter((table) => !placed.has(table.name));
  }
  // The product's own tables refer to no others; they come last, on screens too.
  const arranged = ordered.toSorted((a, b) => Number(a.internal) - Number(b.internal));
  return { tables: arranged, byName: new Map(arranged.map((table) => [table.name, table])) };
}

/** Names of the other tables that a table refers to. */
export function parentsOf(table: TableDefinition): readonly string[] {
  return table.columns
    .map((column) => column.references)
    .filter((name): name is string => name !== undefined && name !== table.name);
}

function unplaceable(
  waiting: readonly TableDefinition[],
  byName: ReadonlyMap<string, TableDefinition>,
): string {
  for (const table of waiting) {
    const missing = parentsOf(table).find((parent) => !byName.has(parent));
    if (missing !== undefined) return `table ${table.name} refers to unknown table ${missing}`;
  }
  return `tables refer to each other in a ring: ${waiting.map((table) => table.name).join(', ')}`;
}

/** A default must be written in canonical form, since it becomes part of rows as it is. */
function checkDefaults(table: TableDefinition): void {
  for (const column of table.columns) {
    if (column.default === undefined || isTimeOfWriting(column)) continue;
    const result = canonicalize(column, column.default);
    if (result.ok && result.value === column.default) continue;
    const detail = result.ok ? `write it as ${JSON.stringify(result.value)}` : result.detail;
    throw new Error(`table ${table.name}: default of column ${column.name}: ${detail}`);
  }
}

function isTimeOfWriting(column: ColumnDefinition): boolean {
  return column.type.kind === 'timestamp' && column.default === 'now';
}
