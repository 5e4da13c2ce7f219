import type { CounterMove, IncomingChange, LoggedChange } from './change.ts';
import { completeRow } from './complete-row.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
import type { ErrorCode } from './error-codes.ts';
import { sinceLastDelete, wasMadeAnew } from './foreign-changes.ts';
import { mergeColumns, type ColumnVerdict, type MergeContext } from './merge-columns.ts';
import type { Row } from './table-definition.ts';

/** What the master knows of the row that a change is about. */
export interface StoredRow {
  /** The row as it is now, earlier records of the same upload included; null when there is none. */
  readonly row: Row | null;
  /** Logged changes by others after the change's base version, in order; empty for plain clients. */
  readonly foreign: readonly LoggedChange[];
  /** How the row was deleted, when it was. */
  readonly deletion: { readonly row: Row | null; readonly isForeign: boolean } | null;
}

/** A conflict to be recorded; the base is looked up only when it is needed. */
export interface ConflictDraft {
  readonly columns: readonly string[];
  readonly master: Row | null;
  readonly incoming: Row | null;
  readonly policy: string;
  readonly reason: string;
  readonly outcome: 'master' | 'incoming' | 'merged';
  readonly state: 'settled' | 'open';
}

/** What becomes of one change. */
export type MergeOutcome =
  | {
      readonly status: 'applied' | 'merged' | 'conflict';
      /** The row afterwards; null when there is none. */
      readonly next: Row | null;
      readonly conflict: ConflictDraft | null;
      readonly moves: Readonly<Record<string, readonly CounterMove[]>>;
      readonly countedAt: string | null;
      /** Columns of a change that brought a deleted row back (MERGE5); absent where the row was there, or is new. */
      readonly revivedColumns?: readonly string[];
    }
  | { readonly status: 'rejected'; readonly code: ErrorCode; readonly detail: string };

/**
 * Decides what a change does to a row (rules PLAIN1, MERGE1 to MERGE7). Deterministic: the same arguments
 * give the same outcome on every master.
 */
export function mergeChange(
  context: MergeContext,
  change: IncomingChange,
  stored: StoredRow,
): MergeOutcome {
  const refusal = refusalOf(context, change, stored);
  if (refusal !== undefined) return refusal;
  if (stored.row === null) {
    return change.action === 'delete'
      ? plainOutcome(null)
      : mergeIntoNothing(context, change, stored);
  }
  if (change.action !== 'create' && wasMadeAnew(stored.foreign)) {
    // MERGE6: the row was deleted and made anew; the change was meant for the one before.
    return lostToNewLife(context, change, stored.row);
  }
  if (change.action === 'delete') return mergeDelete(context, stored.row, stored.foreign);
  const merged = mergeColumns(context, change, stored.row, stored.foreign);
  if (!merged.ok) return { status: 'rejected', code: merged.code, detail: merged.detail };
  const conflict = columnConflict(merged.verdicts, stored.row, change);
  const status = stored.foreign.length > 0 ? 'merged' : 'applied';
  return {
    status: conflict === null ? status : 'conflict',
    next: merged.row,
    conflict,
    moves: merged.moves,
    countedAt: merged.countedAt,
  };
}

/** Whether a change carries nothing and only uses up its operation number (rule ONCE4). */
export function isVoid(change: IncomingChange): boolean {
  return (
    change.action === 'update' &&
    Object.keys(change.values).length === 0 &&
    Object.keys(change.deltas).length === 0
  );
}

/** The outcome of a delete that the database refuses because other rows refer to the row: the row stays (MERGE5). */
export function keepReferencedRow(row: Row, table: MergeContext['table']): MergeOutcome {
  return settled(row, {
    columns: [],
    master: row,
    incoming: null,
    policy: table.sync.conflictPolicy,
    reason: 'other rows refer to the deleted row, so it stays',
    outcome: 'master',
    state: 'settled',
  });
}

function refusalOf(
  { table }: MergeContext,
  change: IncomingChange,
  stored: StoredRow,
): MergeOutcome | undefined {
  if (table.sync.direction === 'down') {
    const detail = `${table.name} only comes from the master`;
    return { status: 'rejected', code: 'row_direction', detail };
  }
  if (!table.sync.appendOnly || isAddition(change, stored)) return undefined;
  return {
    status: 'rejected',
    code: 'row_append_only',
    detail: `${table.name} takes new rows only`,
  };
}

/** Whether a change only adds a row; a repetition of one that is there adds nothing and is welcome (P2). */
function isAddition(change: IncomingChange, { row, deletion }: StoredRow): boolean {
  if (row === null) return change.action !== 'update' || deletion === null;
  return (
    change.action === 'create' &&
    Object.keys(change.deltas).length === 0 &&
    Object.entries(change.values).every(([name, value]) => row[name] === value)
  );
}

function mergeDelete(
  { table }: MergeContext,
  row: Row,
  foreign: readonly LoggedChange[],
): MergeOutcome {
  // What others changed before they deleted the row themselves does not speak for keeping it.
  if (sinceLastDelete(foreign).length === 0) return plainOutcome(null);
  const rule = conflictPolicies[table.sync.conflictPolicy].settleDelete;
  const deletes = rule === 'incoming';
  return settled(deletes ? null : row, {
    columns: [],
    master: row,
    incoming: null,
    policy: table.sync.conflictPolicy,
    reason: deletes ? 'the delete wins over the change' : 'the change wins over the delete',
    outcome: deletes ? 'incoming' : 'master',
    state: rule === 'open' ? 'open' : 'settled',
  });
}

function mergeIntoNothing(
  context: MergeContext,
  change: IncomingChange,
  stored: StoredRow,
): MergeOutcome {
  const { deletion } = stored;
  if (change.action === 'create' || deletion === null) return createRow(context, change);
  if (change.baseVersion === undefined || !deletion.isForeign) {
    return { status: 'rejected', code: 'row_deleted', detail: 'the row was deleted at the master' };
  }
  const policy = context.table.sync.conflictPolicy;
  const rule = conflictPolicies[policy].settleDelete;
  if (rule === 'master' || rule === 'open' || deletion.row === null) {
    return settled(null, {
      columns: [],
      master: null,
      incoming: proposedRow(context, change, deletion.row),
      policy,
      reason: 'the delete wins over the change',
      outcome: 'master',
      state: rule === 'open' ? 'open' : 'settled',
    });
  }
  return reviveRow(context, change, deletion.row, stored.foreign);
}

/** MERGE5: the row is back with its last content, on which the change is merged as if it had not been deleted. */
function reviveRow(
  context: MergeContext,
  change: IncomingChange,
  last: Row,
  foreign: readonly LoggedChange[],
): MergeOutcome {
  const revived = mergeColumns(context, change, last, foreign);
  if (!revived.ok) return { status: 'rejected', code: revived.code, detail: revived.detail };
  const reason = 'the change wins over the delete; the row is back with its last content';
  const inColumns = columnConflict(revived.verdicts, last, change);
  const conflict: ConflictDraft =
    inColumns === null
      ? {
          columns: [],
          master: null,
          incoming: change.values,
          policy: context.table.sync.conflictPolicy,
          reason,
          outcome: 'incoming',
          state: 'settled',
        }
      : { ...inColumns, reason: `${reason}; ${inColumns.reason}` };
  return {
    status: 'conflict',
    next: revived.row,
    conflict,
    moves: revived.moves,
    countedAt: revived.countedAt,
    revivedColumns: changedColumns(change),
  };
}

function createRow(context: MergeContext, change: IncomingChange): MergeOutcome {
  const completed = completeRow(context.table, { ...change.values, id: change.id }, context.nowIso);
  if (!completed.ok) {
    return change.action === 'update'
      ? {
          status: 'rejected',
          code: 'row_missing',
          detail: `there is no such row, and ${completed.detail}`,
        }
      : { status: 'rejected', code: completed.code, detail: completed.detail };
  }
  // Amounts are added to what the row begins with.
  const moved = mergeColumns(context, { ...change, values: {} }, completed.row, []);
  return moved.ok
    ? plainOutcome(moved.row)
    : { status: 'rejected', code: moved.code, detail: moved.detail };
}

function columnConflict(
  verdicts: readonly ColumnVerdict[],
  row: Row,
  change: IncomingChange,
): ConflictDraft | null {
  const [first] = verdicts;
  if (first === undefined) return null;
  const winners = new Set(verdicts.map((verdict) => verdict.winner));
  return {
    columns: verdicts.map((verdict) => verdict.column),
    master: row,
    incoming: change.values,
    policy: [...new Set(verdicts.map((verdict) => verdict.policy))].join(','),
    reason: [...new Set(verdicts.map((verdict) => verdict.reason))].join('; '),
    outcome: winners.size > 1 ? 'merged' : first.winner,
    state: verdicts.some((verdict) => verdict.open) ? 'open' : 'settled',
  };
}

function lostToNewLife(context: MergeContext, change: IncomingChange, row: Row): MergeOutcome {
  const columns = changedColumns(change);
  const proposed = proposedRow(context, change, row);
  const incoming = Object.entries(proposed).filter(([name]) => columns.includes(name));
  return settled(row, {
    columns,
    master: row,
    incoming: change.action === 'delete' ? null : Object.fromEntries(incoming),
    policy: 'generation',
    reason: 'the row was deleted and made anew meanwhile',
    outcome: 'master',
    state: 'settled',
  });
}

/** The row as the change alone would have made it, so that whoever looks at a loser finds amounts in it too (P18). */
function proposedRow(context: MergeContext, change: IncomingChange, row: Row | null): Row {
  if (row === null) return change.values;
  const merged = mergeColumns(context, change, row, []);
  return merged.ok ? merged.row : { ...row, ...change.values };
}

function changedColumns(change: IncomingChange): readonly string[] {
  return Object.keys({ ...change.values, ...change.deltas });
}

function settled(next: Row | null, conflict: ConflictDraft): MergeOutcome {
  return { status: 'conflict', next, conflict, moves: {}, countedAt: null };
}

function plainOutcome(next: Row | null): MergeOutcome {
  return { status: 'applied', next, conflict: null, moves: {}, countedAt: null };
}
