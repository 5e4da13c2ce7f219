import { sumNumbers, type CounterColumnType } from './canonical-number.ts';
import type { CanonicalResult } from './canonical-result.ts';
import type { CounterMove, LoggedChange } from './change.ts';
import { touches } from './foreign-changes.ts';

/** A counter's new value and how it got there; `absorbed` when a later count already includes the change. */
export type CounterOutcome =
  | { readonly ok: true; readonly value: string | number; readonly absorbed: boolean }
  | { readonly ok: false; readonly result: Extract<CanonicalResult, { ok: false }> };

/** What the rules of counters need to know (rule MERGE4). */
export interface CounterSituation {
  readonly type: CounterColumnType;
  readonly column: string;
  readonly current: string | number;
  /** Foreign changes that the writer did not know, in order. */
  readonly foreign: readonly LoggedChange[];
  readonly changedAt: string;
}

/** Adds an amount, unless a count made after it already saw its effect. */
export function moveCounter(situation: CounterSituation, amount: string | number): CounterOutcome {
  return wasCountedLater(situation) ? kept(situation) : sum(situation, [situation.current, amount]);
}

/** Sets a counter to what was counted, plus the foreign movements that happened after the count. */
export function countCounter(
  situation: CounterSituation,
  counted: string | number,
): CounterOutcome {
  if (wasCountedLater(situation)) return kept(situation);
  const later = situation.foreign
    .flatMap((change): readonly CounterMove[] => change.moves[situation.column] ?? [])
    .filter((move) => move.at > situation.changedAt)
    .map((move) => move.amount);
  return sum(situation, [counted, ...later]);
}

/** Only a count of this very counter matters: a row may have several. */
function wasCountedLater({ foreign, column, changedAt }: CounterSituation): boolean {
  return foreign.some(
    (change) =>
      change.countedAt !== null && changedAt < change.countedAt && touches(change, column),
  );
}

function kept({ current }: CounterSituation): CounterOutcome {
  return { ok: true, value: current, absorbed: true };
}

function sum({ type }: CounterSituation, parts: readonly (string | number)[]): CounterOutcome {
  const result = sumNumbers(type, parts);
  return result.ok
    ? { ok: true, value: result.value as string | number, absorbed: false }
    : { ok: false, result };
}
