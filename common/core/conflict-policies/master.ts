import type { ConflictPolicy } from './policy.ts';

/** What the master has stands. */
export const master: ConflictPolicy = {
  name: 'master',
  settleDelete: 'master',
  settle: () => ({ winner: 'master', open: false, recorded: true, reason: 'the master wins' }),
};
