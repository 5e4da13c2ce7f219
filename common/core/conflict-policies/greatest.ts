import type { ConflictPolicy } from './policy.ts';

/** The greater value stands, without a record: for `updated_at` and the like. */
export const greatest: ConflictPolicy = {
  name: 'greatest',
  settleDelete: 'change',
  settle: ({ compare, incomingValue, masterValue }) => ({
    winner: compare(incomingValue, masterValue) > 0 ? 'incoming' : 'master',
    open: false,
    recorded: false,
    reason: 'the greater value stands',
  }),
};
