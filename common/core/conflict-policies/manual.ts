import type { ConflictPolicy } from './policy.ts';

/** The master's value stays and the conflict waits in the inbox until a person decides. */
export const manual: ConflictPolicy = {
  name: 'manual',
  settleDelete: 'open',
  settle: () => ({ winner: 'master', open: true, recorded: true, reason: 'a person decides' }),
};
