import { canonicalizeColumns, canonicalizeRow } from '../../common/core/canonical-value.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type { Conflict } from './read-conflict.ts';

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
