import { addNumbers, type CounterColumnType } from './canonical-number.ts';
import type { CanonicalResult } from './canonical-result.ts';
import type { CounterMove, LoggedChange } from './change.ts';

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
  const countedAt = latestCount(situation.foreign);
  if (countedAt !== null && situation.changedAt < countedAt) {
    return { ok: true, value: situation.current, absorbed: true };
  }
  return sum(situation.type, [situation.current, amount]);
}

/** Sets a counter to what was counted, plus the foreign movements that happened after the count. */
export function countCounter(situation: CounterSituation, counted: string | number): CounterOutcome {
  const countedAt = latestCount(situation.foreign);
  if (countedAt !== null && situation.changedAt < countedAt) {
    return { ok: true, value: situation.current, absorbed: true };
  }
  const later = situation.foreign
    .flatMap((change): readonly CounterMove[] => change.moves[situation.column] ?? [])
    .filter((move) => move.at > situation.changedAt)
    .map((move) => move.amount);
  return sum(situation.type, [counted, ...later]);
}

function latestCount(foreign: readonly LoggedChange[]): string | null {
  return foreign.reduce<string | null>(
    (latest, { countedAt }) =>
      countedAt !== null && (latest === null || countedAt > latest) ? countedAt : latest,
    null,
  );
}

function sum(type: CounterColumnType, parts: readonly (string | number)[]): CounterOutcome {
  let total: string | number = 0;
  for (const part of parts) {
    const result = addNumbers(type, total, part);
    if (!result.ok) return { ok: false, result };
    total = result.value as string | number;
  }
  return { ok: true, value: total, absorbed: false };
}
