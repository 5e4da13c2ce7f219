import type { Row } from './table-definition.ts';

/** What was done to a record. */
export type Action = 'create' | 'update' | 'delete';

/** Amounts to add to counters: column name to integer or decimal, as wire values. */
export type Deltas = Readonly<Record<string, string | number>>;

/** A checked record of an upload: what one slave, or a plain client, wants done. */
export interface IncomingChange {
  readonly table: string;
  readonly id: string;
  readonly action: Action;
  /** Columns to set, in canonical wire values; counters only when they are set absolutely. */
  readonly values: Row;
  /** Counter columns to add to. */
  readonly deltas: Deltas;
  /** Position up to which the writer had seen the master's history; absent for plain clients. */
  readonly baseVersion?: number;
  /** The slave's operation number; absent for plain clients. */
  readonly operation?: number;
  /** Corrected time of the change, ISO with milliseconds and Z, never in the master's future. */
  readonly changedAt: string;
}

/** One movement of a counter and when it happened. */
export interface CounterMove {
  readonly amount: string | number;
  readonly at: string;
}

/** One change in the master's change log, as far as merging needs it. */
export interface LoggedChange {
  /** Place in the change log; `Infinity` while it has none yet. */
  readonly position: number;
  readonly action: Action;
  /**
   * Columns that an update changed; empty for create and delete, which concern the whole row. A create that lists
   * columns brought a deleted row back with its last content and these changed (rule MERGE5).
   */
  readonly columns: readonly string[];
  /** How counters moved, by column; after {@link countedAt} where that is set. */
  readonly moves: Readonly<Record<string, readonly CounterMove[]>>;
  /** The counters among the columns were counted (set to an absolute value) at this time; null: only moved. */
  readonly countedAt: string | null;
  readonly changedAt: string;
  /** Name of the slave that wrote it, empty for the master itself. */
  readonly origin: string;
  /** Odd while the row lives, even once deleted; raised by delete and by re-creation. */
  readonly generation: number;
  /** A create in the place of a living row, which was deleted and made anew in one transaction (rule MERGE6). */
  readonly isAnew?: boolean;
  /** Columns that the writer at work has itself changed since, so that they are settled between the two. */
  readonly settledColumns?: ReadonlySet<string>;
}
