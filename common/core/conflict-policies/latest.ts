import type { ConflictPolicy } from './policy.ts';

/** The later change wins by corrected time, then by the writer's name; both are the same on every side. */
export const latest: ConflictPolicy = {
  name: 'latest',
  settleDelete: 'change',
  settle: (conflict) => {
    const incomingIsLater =
      conflict.incomingChangedAt > conflict.masterChangedAt ||
      (conflict.incomingChangedAt === conflict.masterChangedAt &&
        conflict.incomingOrigin > conflict.masterOrigin);
    return {
      winner: incomingIsLater ? 'incoming' : 'master',
      open: false,
      recorded: true,
      reason: incomingIsLater ? 'the incoming change is later' : "the master's change is later",
    };
  },
};
