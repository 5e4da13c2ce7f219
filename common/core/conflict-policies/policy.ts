import type { WireValue } from '../table-definition.ts';
import type { PolicyName } from './policy-name.ts';

/** One column that both sides changed without knowing of each other. */
export interface ColumnConflict {
  readonly masterValue: WireValue;
  readonly incomingValue: WireValue;
  /** Corrected times of the two changes, ISO with milliseconds and Z. */
  readonly masterChangedAt: string;
  readonly incomingChangedAt: string;
  /** Names of the writers; the master itself is the empty string. */
  readonly masterOrigin: string;
  readonly incomingOrigin: string;
  /** Compares two values of the column's type: below, equal to or above zero. */
  readonly compare: (a: WireValue, b: WireValue) => number;
}

/** Which side's value stands, and whether a person has to look. */
export interface PolicyVerdict {
  readonly winner: 'master' | 'incoming';
  /** The conflict waits in the inbox until a person decides. */
  readonly open: boolean;
  /** False for policies under which nothing of worth is lost, such as the greater of two times. */
  readonly recorded: boolean;
  /** One short sentence for people. */
  readonly reason: string;
}

/** A rule that settles a conflict of one column, and of update against delete. */
export interface ConflictPolicy {
  readonly name: PolicyName;
  readonly settle: (conflict: ColumnConflict) => PolicyVerdict;
  /** Which side stands when one side deleted the row that the other changed; `change` is the side that did not delete. */
  readonly settleDelete: 'change' | 'master' | 'incoming' | 'open';
}
