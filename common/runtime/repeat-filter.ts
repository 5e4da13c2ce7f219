import type { Clock } from '../core/clock.ts';

/** A line that stands for lines which were held back. */
export interface RepeatSummary<T> {
  readonly line: T;
  /** How many lines like this one were held back, ≥ 1. */
  readonly repeated: number;
}

/** Lets identical lines through once in a window of time and counts the others (style rule 31). */
export interface RepeatFilter<T> {
  /** Whether this line is to be written; if not, it is counted and kept as the newest of its kind. */
  admit(key: string, line: T): boolean;
  /** Removes and returns what was held back and whose window is over; with `all`, everything. */
  takeSummaries(all: boolean): readonly RepeatSummary<T>[];
}

/** Kinds of lines remembered at once; beyond it the oldest is forgotten, so that memory stays bounded. */
const maxKinds = 200;

interface Kind<T> {
  readonly sinceMs: number;
  newest: T;
  heldBack: number;
}

/** Makes a filter with windows of `windowMs` milliseconds of running time. */
export function createRepeatFilter<T>(clock: Clock, windowMs: number): RepeatFilter<T> {
  const kinds = new Map<string, Kind<T>>();
  const isOver = (kind: Kind<T>): boolean => clock.monotonicMs() - kind.sinceMs >= windowMs;
  return {
    admit: (key, line) => {
      const kind = kinds.get(key);
      if (kind !== undefined && !isOver(kind)) {
        kind.newest = line;
        kind.heldBack += 1;
        return false;
      }
      kinds.delete(key);
      kinds.set(key, { sinceMs: clock.monotonicMs(), newest: line, heldBack: 0 });
      const oldest = kinds.keys().next().value;
      if (kinds.size > maxKinds && oldest !== undefined) kinds.delete(oldest);
      return true;
    },
    takeSummaries: (all) => {
      const summaries: RepeatSummary<T>[] = [];
      for (const [key, kind] of kinds) {
        if (!all && !isOver(kind)) continue;
        kinds.delete(key);
        if (kind.heldBack > 0) summaries.push({ line: kind.newest, repeated: kind.heldBack });
      }
      return summaries;
    },
  };
}
