import type { ConflictPolicy } from './policy.ts';

/** What the slave sends stands. */
export const slave: ConflictPolicy = {
  name: 'slave',
  settleDelete: 'incoming',
  settle: () => ({ winner: 'incoming', open: false, recorded: true, reason: 'the slave wins' }),
};
