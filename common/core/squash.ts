import type { Deltas } from './change.ts';
import { addToCounter, movedCounters, type LocalChange } from './rebase.ts';
import type { Row, TableDefinition } from './table-definition.ts';

/**
 * Joins the changes of one row into one change with the same effect (rule REJ1); null when nothing remains to be
 * said, such as a row made and deleted again.
 *
 * @param changes of one row, in the order in which they were made; at least one.
 * @param currentRow the row as it is now, which wins over older images; null when it is not there or not exact.
 */
export function squash(
  table: TableDefinition,
  changes: readonly LocalChange[],
  currentRow: Row | null,
): LocalChange | null {
  const first = changes[0];
  const last = changes.at(-1);
  if (first === undefined || last === undefined) return null;
  const common = {
    before: first.before,
    counted: false,
    basePosition: Math.min(...changes.map((change) => change.basePosition)),
    capturedAt: timeOf(changes, last),
  };
  if (last.action === 'delete') {
    if (first.action === 'create') return null;
    return { ...common, action: 'delete', columns: [], row: last.row, before: null, deltas: {} };
  }
  const row = currentRow ?? lastImage(changes);
  if (changes.some((change) => change.action === 'create')) {
    return { ...common, action: 'create', columns: [], row, before: null, deltas: {} };
  }
  return squashUpdates(table, changes, {
    ...common,
    action: 'update',
    row,
    columns: [],
    deltas: {},
  });
}

/**
 * What is left of a set-aside change once a later change of its row was accepted: the columns and amounts that the
 * later one did not settle. Null when nothing is left.
 */
export function withoutSettled<T extends LocalChange>(earlier: T, accepted: LocalChange): T | null {
  if (accepted.action !== 'update') return null;
  if (earlier.action !== 'update') return earlier;
  const added = movedCounters(accepted);
  const settled = new Set(accepted.columns.filter((column) => !Object.hasOwn(added, column)));
  const columns = earlier.columns.filter((column) => !settled.has(column));
  const deltas = Object.fromEntries(
    Object.entries(earlier.deltas).filter(([column]) => !settled.has(column)),
  );
  return columns.length === 0 && Object.keys(deltas).length === 0
    ? null
    : { ...earlier, columns, deltas };
}

/** A count must keep its own time: amounts that others moved after it are added to it (rule MERGE4). */
function timeOf(changes: readonly LocalChange[], last: LocalChange): string {
  return changes.findLast((change) => change.counted)?.capturedAt ?? last.capturedAt;
}

function lastImage(changes: readonly LocalChange[]): Row | null {
  return changes.findLast((change) => change.row !== null)?.row ?? null;
}

function squashUpdates(
  table: TableDefinition,
  changes: readonly LocalChange[],
  joined: LocalChange,
): LocalChange | null {
  const set = new Set<string>();
  const sums = new Map<string, string | number>();
  for (const change of changes) {
    const moved = movedCounters(change);
    for (const column of change.columns) {
      if (!Object.hasOwn(moved, column)) set.add(column);
    }
    for (const [column, delta] of Object.entries(moved)) {
      const before = sums.get(column);
      const sum = before === undefined ? delta : addToCounter(table, column, before, delta);
      // A sum that does not fit: the counter is set instead of moved.
      if (sum === undefined) set.add(column);
      else sums.set(column, sum);
    }
  }
  const deltas: Deltas = Object.fromEntries(
    [...sums].filter(([column, sum]) => !set.has(column) && Number(sum) !== 0),
  );
  const columns = [...new Set([...set, ...Object.keys(deltas)])];
  return columns.length === 0 ? null : { ...joined, columns, deltas };
}
