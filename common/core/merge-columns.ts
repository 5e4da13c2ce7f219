import { compareValues } from './canonical-value.ts';
import type { CounterMove, IncomingChange, LoggedChange } from './change.ts';
import type { PolicyName } from './conflict-policies/policy-name.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
import type { ErrorCode } from './error-codes.ts';
import { touches } from './foreign-changes.ts';
import { countCounter, moveCounter, type CounterSituation } from './merge-counter.ts';
import {
  policyOf,
  type ColumnDefinition,
  type Row,
  type TableDefinition,
  type WireValue,
} from './table-definition.ts';

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
  const meeting = { context, change, row, foreign };
  for (const column of context.table.columns) {
    const merged = mergeColumn(meeting, column);
    if ('code' in merged) return { ok: false, ...merged };
    if (merged.value !== undefined) next[column.name] = merged.value;
    if (merged.verdict !== undefined) verdicts.push(merged.verdict);
    if (merged.move !== undefined) moves[column.name] = [merged.move];
    if (merged.isCounted === true) countedAt = change.changedAt;
  }
  return { ok: true, row: next, verdicts, moves, countedAt };
}

/** A change, the row that it meets, and what the writer did not know of it. */
interface Meeting {
  readonly context: MergeContext;
  readonly change: IncomingChange;
  readonly row: Row;
  readonly foreign: readonly LoggedChange[];
}

/** What happens to one column; nothing where the change leaves it alone. */
interface MergedColumn {
  readonly value?: WireValue;
  readonly verdict?: ColumnVerdict;
  readonly move?: CounterMove;
  readonly isCounted?: boolean;
}

type ColumnFault = { readonly code: ErrorCode; readonly detail: string };

function mergeColumn(meeting: Meeting, column: ColumnDefinition): MergedColumn | ColumnFault {
  const { change, row } = meeting;
  const amount = change.deltas[column.name];
  if (amount !== undefined) return mergeAmount(meeting, column, amount);
  const given = change.values[column.name];
  if (given === undefined) return {};
  const isCount =
    column.counter === true && change.action === 'update' && change.baseVersion !== undefined;
  if (isCount && given !== null && typeof given !== 'boolean') {
    return mergeCount(meeting, column, given);
  }
  return given === row[column.name] ? {} : settleColumn(meeting, column, given);
}

function mergeAmount(
  meeting: Meeting,
  column: ColumnDefinition,
  amount: string | number,
): MergedColumn | ColumnFault {
  const outcome = moveCounter(situationOf(meeting, column), amount);
  if (!outcome.ok) return counterFault(column, outcome.result);
  return outcome.absorbed
    ? {}
    : { value: outcome.value, move: { amount, at: meeting.change.changedAt } };
}

function mergeCount(
  meeting: Meeting,
  column: ColumnDefinition,
  counted: string | number,
): MergedColumn | ColumnFault {
  const outcome = countCounter(situationOf(meeting, column), counted);
  if (!outcome.ok) return counterFault(column, outcome.result);
  const present = meeting.row[column.name];
  const theirs = meeting.foreign.some(
    (logged) => logged.countedAt !== null && touches(logged, column.name),
  );
  const isLost = theirs && (outcome.absorbed ? counted : outcome.value) !== present;
  return {
    value: outcome.value,
    isCounted: !outcome.absorbed,
    ...(isLost ? { verdict: countVerdict(column, outcome.absorbed) } : {}),
  };
}

/** Of two counts that did not know each other the later one stands, and the other is kept (P18). */
function countVerdict(column: ColumnDefinition, isAbsorbed: boolean): ColumnVerdict {
  const winner = isAbsorbed ? 'master' : 'incoming';
  const reason = 'the later count stands';
  return { column: column.name, winner, open: false, policy: 'counter', reason };
}

function settleColumn(
  { context, change, row, foreign }: Meeting,
  column: ColumnDefinition,
  given: WireValue,
): MergedColumn {
  const theirs = foreign.findLast((logged) => touches(logged, column.name));
  if (theirs === undefined || theirs.settledColumns?.has(column.name) === true) {
    return { value: given };
  }
  const policy = policyOf(context.table, column);
  const { recorded, ...verdict } = conflictPolicies[policy].settle({
    masterValue: row[column.name] ?? null,
    incomingValue: given,
    masterChangedAt: theirs.changedAt,
    incomingChangedAt: change.changedAt,
    masterOrigin: theirs.origin,
    incomingOrigin: context.writer,
    compare: (a, b) => compareValues(column, a, b),
  });
  return {
    ...(verdict.winner === 'incoming' ? { value: given } : {}),
    ...(recorded ? { verdict: { column: column.name, policy, ...verdict } } : {}),
  };
}

function situationOf(
  { change, row, foreign }: Meeting,
  { name, type }: ColumnDefinition,
): CounterSituation {
  if (type.kind !== 'integer' && type.kind !== 'decimal') {
    throw new Error(`column ${name} is no counter`);
  }
  const value = row[name];
  const current = typeof value === 'string' || typeof value === 'number' ? value : 0;
  return { type, column: name, current, foreign, changedAt: change.changedAt };
}

function counterFault(column: ColumnDefinition, fault: ColumnFault): ColumnFault {
  return { code: fault.code, detail: `${column.name}: ${fault.detail}` };
}
