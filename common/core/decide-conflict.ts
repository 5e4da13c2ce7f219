import { canonicalizeColumns, canonicalizeRow } from './canonical-value.ts';
import { CONFLICT_TABLE, type FoundConflict } from './find-conflicts.ts';
import type { Conflict } from './read-conflict.ts';
import { SyncError } from './sync-error.ts';
import type { Row, TableDefinition } from './table-definition.ts';

/** What a person decides: one of the sides, or values of their own. */
export type ConflictDecision =
  | { readonly take: 'master' | 'incoming' | 'base' }
  | { readonly set: Row };

/** What a decision is applied to. */
export interface DecisionInput {
  readonly table: TableDefinition;
  readonly conflict: Conflict;
  /** The row as it is now; null when it is not there. */
  readonly current: Row | null;
  /** ISO time, for `updated_at`. */
  readonly now: string;
}

/** Who decides, when, and about a row of which table. */
export interface DecisionMaking {
  /** The conflict's table; undefined when it is not declared here. */
  readonly table: TableDefinition | undefined;
  /** Who decides, for the record. */
  readonly by: string;
  /** ISO time. */
  readonly now: string;
}

/** A row to write, as it was and as it is to be; null is "no such row". */
export interface DecidedWrite {
  readonly table: string;
  readonly id: string;
  readonly before: Row | null;
  readonly row: Row | null;
}

/**
 * The rows to write, in one transaction, so that a person's decision stands (rule MERGE7): the row with the chosen values,
 * unless it neither is there nor comes back, and the conflict as `resolved`. Also takes back a settled conflict. Pure.
 *
 * @throws SyncError `table_unknown`, and what {@link decidedRow} throws.
 */
export function decideConflict(
  { conflict, stored, current }: FoundConflict,
  decision: ConflictDecision,
  { table, by, now }: DecisionMaking,
): readonly DecidedWrite[] {
  if (table === undefined)
    throw new SyncError('table_unknown', `table ${conflict.table} is not declared here`);
  const row = decidedRow({ table, conflict, current, now }, decision);
  const resolved = {
    ...stored,
    state: 'resolved',
    resolution: JSON.stringify(decision),
    resolved_by: by,
    updated_at: now,
  };
  return [
    ...(row === null && current === null
      ? []
      : [{ table: table.name, id: conflict.recordId, before: current, row }]),
    { table: CONFLICT_TABLE, id: conflict.id, before: stored, row: resolved },
  ];
}

/**
 * The row that a decision leads to; null when the chosen side had deleted it. Only the conflict's columns change, so
 * that later changes of other columns stay. Pure.
 *
 * @throws SyncError `record_invalid`, or the code of the first value that does not fit its column.
 */
export function decidedRow(input: DecisionInput, decision: ConflictDecision): Row | null {
  const { conflict, current, table } = input;
  if ('set' in decision) return completed(input, decision.set);
  const side = conflict[decision.take];
  if (side === null) {
    if (conflict.columns.length === 0) return null;
    throw new SyncError(
      'record_invalid',
      `conflict ${conflict.id} holds no ${decision.take} side`,
      {
        hint: 'Choose another side, or set the values yourself.',
      },
    );
  }
  if (conflict.columns.length === 0 || current === null) return completed(input, withoutKey(side));
  const chosen = conflict.columns.filter(
    (column) => Object.hasOwn(side, column) && table.columnByName.has(column),
  );
  return completed(
    input,
    Object.fromEntries(chosen.map((column) => [column, side[column] ?? null])),
  );
}

function completed({ table, conflict, current, now }: DecisionInput, values: Row): Row {
  const checked = canonicalizeColumns(table, values);
  if (!checked.ok) throw new SyncError(checked.code, `column ${checked.column}: ${checked.detail}`);
  const base = current ?? { ...conflict.base, ...conflict.master };
  const stamp =
    table.columnByName.get('updated_at')?.type.kind === 'timestamp' ? { updated_at: now } : {};
  const row = { ...base, ...checked.row, ...stamp, id: conflict.recordId };
  const whole = canonicalizeRow(table, row);
  if (!whole.ok) {
    throw new SyncError(
      'record_invalid',
      `the row would not be whole: column ${whole.column}, ${whole.detail}`,
      {
        hint: 'Choose another side, or set every column yourself.',
      },
    );
  }
  return whole.row;
}

function withoutKey(row: Row): Row {
  const { id: _id, ...rest } = row;
  return rest;
}
