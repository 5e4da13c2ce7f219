import type { CounterMove, IncomingChange, LoggedChange } from './change.ts';
import { completeRow } from './complete-row.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
import type { ErrorCode } from './error-codes.ts';
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
  if (change.action === 'delete') return mergeDelete(context, stored);
  if (stored.row === null) return mergeIntoNothing(context, change, stored);
  if (change.action === 'update' && wasMadeAnew(stored.foreign)) {
    // MERGE6: the row was deleted and made anew; the change was meant for the one before.
    return lost(stored.row, change, 'the row was deleted and made anew meanwhile', 'generation');
  }
  const merged = mergeColumns(context, change, stored.row, stored.foreign);
  if (!merged.ok) return { status: 'rejected', code: merged.code, detail: merged.detail };
  const conflict = columnConflict(merged.verdicts, stored.row, change);
  const status = conflict !== null ? 'conflict' : stored.foreign.length > 0 ? 'merged' : 'applied';
  return { status, next: merged.row, conflict, moves: merged.moves, countedAt: merged.countedAt };
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

function wasMadeAnew(foreign: readonly LoggedChange[]): boolean {
  const deleted = foreign.findLastIndex((logged) => logged.action === 'delete');
  return deleted >= 0 && foreign.some((logged, index) => index > deleted && logged.action === 'create');
}

function refusalOf(
  { table }: MergeContext,
  change: IncomingChange,
  stored: StoredRow,
): MergeOutcome | undefined {
  if (table.sync.direction === 'down') {
    return { status: 'rejected', code: 'row_direction', detail: `${table.name} only comes from the master` };
  }
  if (!table.sync.appendOnly || stored.row === null) return undefined;
  const present = stored.row;
  const isRepeat =
    change.action === 'create' &&
    Object.entries(change.values).every(([name, value]) => present[name] === value);
  return isRepeat
    ? undefined
    : { status: 'rejected', code: 'row_append_only', detail: `${table.name} takes new rows only` };
}

function mergeDelete({ table }: MergeContext, stored: StoredRow): MergeOutcome {
  if (stored.row === null || stored.foreign.length === 0) return plainOutcome('applied', null);
  const rule = conflictPolicies[table.sync.conflictPolicy].settleDelete;
  const deletes = rule === 'incoming';
  return settled(deletes ? null : stored.row, {
    columns: [],
    master: stored.row,
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
  const draft = { columns: [], master: null, incoming: change.values, policy };
  if (rule === 'master' || rule === 'open' || deletion.row === null) {
    const state = rule === 'open' ? 'open' : 'settled';
    return settled(null, { ...draft, reason: 'the delete wins over the change', outcome: 'master', state });
  }
  const revived = mergeColumns(context, change, deletion.row, []);
  if (!revived.ok) return { status: 'rejected', code: revived.code, detail: revived.detail };
  const reason = 'the change wins over the delete; the row is back with its last content';
  const outcome = settled(revived.row, { ...draft, reason, outcome: 'incoming', state: 'settled' });
  return { ...outcome, moves: revived.moves };
}

function createRow(context: MergeContext, change: IncomingChange): MergeOutcome {
  const completed = completeRow(context.table, { ...change.values, id: change.id }, context.nowIso);
  if (completed.ok) return plainOutcome('applied', completed.row);
  return change.action === 'update'
    ? { status: 'rejected', code: 'row_missing', detail: `there is no such row, and ${completed.detail}` }
    : { status: 'rejected', code: completed.code, detail: completed.detail };
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

function lost(row: Row, change: IncomingChange, reason: string, policy: string): MergeOutcome {
  return settled(row, {
    columns: Object.keys({ ...change.values, ...change.deltas }),
    master: row,
    incoming: change.values,
    policy,
    reason,
    outcome: 'master',
    state: 'settled',
  });
}

function settled(next: Row | null, conflict: ConflictDraft) {
  return { status: 'conflict', next, conflict, moves: {}, countedAt: null } as const;
}

function plainOutcome(status: 'applied' | 'merged', next: Row | null): MergeOutcome {
  return { status, next, conflict: null, moves: {}, countedAt: null };
}
