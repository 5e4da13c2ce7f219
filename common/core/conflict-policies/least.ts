import type { ConflictPolicy } from './policy.ts';

/** The smaller value stands, without a record: for `created_at` and the like. */
export const least: ConflictPolicy = {
  name: 'least',
  settleDelete: 'change',
  settle: ({ compare, incomingValue, masterValue }) => ({
    winner: compare(incomingValue, masterValue) < 0 ? 'incoming' : 'master',
    open: false,
    recorded: false,
    reason: 'the smaller value stands',
  }),
};
