import { compareValues } from './canonical-value.ts';
import type { CounterMove, IncomingChange, LoggedChange } from './change.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
import type { PolicyName } from './conflict-policies/policy-name.ts';
import type { ErrorCode } from './error-codes.ts';
import { countCounter, moveCounter, type CounterOutcome } from './merge-counter.ts';
import { policyOf, type ColumnDefinition, type Row, type TableDefinition, type WireValue } from './table-definition.ts';

/** A conflict in one column and how it was settled. */
export interface ColumnVerdict {
  readonly column: string;
  readonly winner: 'master' | 'incoming';
  readonly open: boolean;
  readonly policy: PolicyName;
  readonly reason: string;
}

/** The merged row with what was decided on the way, or why the change cannot be taken. */
export type MergedColumns =
  | {
      readonly ok: true;
      readonly row: Row;
      /** Conflicts worth a record. */
      readonly verdicts: readonly ColumnVerdict[];
      readonly moves: Readonly<Record<string, readonly CounterMove[]>>;
      readonly countedAt: string | null;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

/** Who sent the change, and on which table. */
export interface MergeContext {
  readonly table: TableDefinition;
  /** Slave name; empty for an anonymous plain client. */
  readonly writer: string;
  readonly nowIso: string;
}

/**
 * Merges a change into an existing row, column by column (rules MERGE2 to MERGE4).
 *
 * @param foreign changes that the writer did not know, in order; empty for plain clients.
 */
export function mergeColumns(
  context: MergeContext,
  change: IncomingChange,
  row: Row,
  foreign: readonly LoggedChange[],
): MergedColumns {
  const next: Record<string, WireValue> = { ...row };
  const verdicts: ColumnVerdict[] = [];
  const moves: Record<string, readonly CounterMove[]> = {};
  let countedAt: string | null = null;
  for (const column of context.table.columns) {
    const given = change.values[column.name];
    const amount = change.deltas[column.name];
    if (amount !== undefined) {
      const outcome = moveCounter(situationOf(column, change, row, foreign), amount);
      if (!outcome.ok) return counterFault(column, outcome);
      next[column.name] = outcome.value;
      if (!outcome.absorbed) moves[column.name] = [{ amount, at: change.changedAt }];
    } else if (given !== undefined && column.counter && change.action === 'update' && change.baseVersion !== undefined) {
      const outcome = countCounter(situationOf(column, change, row, foreign), given as string | number);
      if (!outcome.ok) return counterFault(column, outcome);
      next[column.name] = outcome.value;
      if (!outcome.absorbed) countedAt = change.changedAt;
    } else if (given !== undefined && given !== row[column.name]) {
      const verdict = settleColumn(context, column, change, row, foreign);
      if (verdict === 'free' || verdict.winner === 'incoming') next[column.name] = given;
      if (verdict !== 'free' && verdict.recorded) verdicts.push(verdict);
    }
  }
  return { ok: true, row: next, verdicts, moves, countedAt };
}

function settleColumn(
  context: MergeContext,
  column: ColumnDefinition,
  change: IncomingChange,
  row: Row,
  foreign: readonly LoggedChange[],
): 'free' | (ColumnVerdict & { readonly recorded: boolean }) {
  const theirs = foreign.findLast(
    (logged) => logged.action !== 'update' || logged.columns.includes(column.name),
  );
  if (theirs === undefined) return 'free';
  const name = policyOf(context.table, column);
  const verdict = conflictPolicies[name].settle({
    masterValue: row[column.name] ?? null,
    incomingValue: change.values[column.name] ?? null,
    masterChangedAt: theirs.changedAt,
    incomingChangedAt: change.changedAt,
    masterOrigin: theirs.origin,
    incomingOrigin: context.writer,
    compare: (a, b) => compareValues(column, a, b),
  });
  return { column: column.name, policy: name, ...verdict };
}

function situationOf(
  column: ColumnDefinition,
  change: IncomingChange,
  row: Row,
  foreign: readonly LoggedChange[],
) {
  if (column.type.kind !== 'integer' && column.type.kind !== 'decimal') {
    throw new Error(`column ${column.name} is no counter`);
  }
  const current = row[column.name];
  return {
    type: column.type,
    column: column.name,
    current: typeof current === 'string' || typeof current === 'number' ? current : 0,
    foreign,
    changedAt: change.changedAt,
  };
}

function counterFault(
  column: ColumnDefinition,
  outcome: Extract<CounterOutcome, { ok: false }>,
): MergedColumns {
  return { ok: false, code: outcome.result.code, detail: `${column.name}: ${outcome.result.detail}` };
}
