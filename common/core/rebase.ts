import { addNumbers } from './canonical-number.ts';
import type { Action, Deltas } from './change.ts';
import type { Row, TableDefinition, WireValue } from './table-definition.ts';

/** One local change as it lies in the outbox, or set aside. */
export interface LocalChange {
  readonly action: Action;
  /** Columns that an update changed. */
  readonly columns: readonly string[];
  /** The whole row after the change; for a delete, before it. Null when it cannot be carried exactly. */
  readonly row: Row | null;
  /** The row before an update. */
  readonly before: Row | null;
  /** How much counters moved. */
  readonly deltas: Deltas;
  /** Counters were counted (set), not moved. */
  readonly counted: boolean;
  /** Position up to which the writer knew the master's history. */
  readonly basePosition: number;
  readonly capturedAt: string;
}

/**
 * The row as it is to be shown: the master's row with unsent changes applied on top (rule REBASE1). Set columns are
 * set, counters moved, deleted rows deleted. A row that is gone at the master but was changed here stays visible.
 *
 * @param server the master's row, null when it is not there.
 * @param work local changes in the order in which they were made.
 */
export function rebase(
  table: TableDefinition,
  server: Row | null,
  work: readonly LocalChange[],
): Row | null {
  return work.reduce((row: Row | null, change) => applyLocalChange(table, row, change), server);
}

/** Amounts of a change that are to be added; a count has none. */
export function movedCounters(change: Pick<LocalChange, 'deltas' | 'counted'>): Deltas {
  return change.counted ? {} : change.deltas;
}

/** The row as it was before a change; undefined when that is not known exactly. */
export function rowBefore(change: LocalChange): Row | null | undefined {
  if (change.action === 'create') return null;
  return (change.action === 'delete' ? change.row : change.before) ?? undefined;
}

/** Whether a change's content is known, so that it can be applied again. */
export function isExact(change: LocalChange): boolean {
  return change.action === 'delete' || change.row !== null;
}

function applyLocalChange(
  table: TableDefinition,
  current: Row | null,
  change: LocalChange,
): Row | null {
  if (change.action === 'delete') return null;
  if (change.action === 'create' || current === null) return change.row ?? current;
  if (change.row === null) return current;
  const moved = movedCounters(change);
  const next: Record<string, WireValue> = { ...current };
  for (const column of change.columns) {
    const value = change.row[column];
    if (value !== undefined && !Object.hasOwn(moved, column)) next[column] = value;
  }
  for (const [column, delta] of Object.entries(moved)) {
    next[column] = moveCounter(table, column, current[column], delta);
  }
  return next;
}

/** A sum that does not fit its column leaves the master's value: the master will reject the change, visibly. */
function moveCounter(
  table: TableDefinition,
  column: string,
  value: WireValue | undefined,
  delta: string | number,
): WireValue {
  const sum = addToCounter(table, column, value, delta);
  return sum ?? value ?? null;
}

/**
 * Adds two amounts of one counter, or an amount to its value.
 *
 * @returns undefined when the column is no number, a side is none, or the sum does not fit.
 */
export function addToCounter(
  table: TableDefinition,
  column: string,
  value: WireValue | undefined,
  delta: string | number,
): string | number | undefined {
  const type = table.columnByName.get(column)?.type;
  if (type?.kind !== 'integer' && type?.kind !== 'decimal') return undefined;
  if (!isAmount(value)) return undefined;
  const sum = addNumbers(type, value, delta);
  return sum.ok && isAmount(sum.value) ? sum.value : undefined;
}

function isAmount(value: WireValue | undefined): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
