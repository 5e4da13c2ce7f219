import type { SlaveSyncState, SlaveWriteTx, Trouble } from '../../common/storage/slave-store.ts';
import { enrollAnew } from './enroll-anew.ts';
import { clearedStatus, forgetDownloads, resyncState } from './resync-state.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** `status`: clears failure and backoff. `resync`: loads everything again. `enroll`: new incarnation, then resync. */
export type ResetVariant = 'status' | 'resync' | 'enroll';

/** What a reset did. */
export interface ResetReport {
  readonly variant: ResetVariant;
  /** The trouble it ended, if there was one. */
  readonly trouble: Trouble | null;
  /** Unsent changes that are kept and go out with the next sync. */
  readonly pendingKept: number;
  /** Unsent changes that the master turned out to have already. */
  readonly alreadyAtMaster: number;
  /** Changes of which that cannot be told, now among the rejected. */
  readonly setAside: number;
  /** Changes that a restored master had taken and lost; they go out again with the next sync. */
  readonly sentAgain: number;
  /** The backup's path; null where nothing but the status was reset. */
  readonly backup: string | null;
  readonly incarnation: string;
}

/**
 * Gets a slave out of a named state (rule ID5): makes a backup first, keeps all unsent work, and loads the master's
 * rows again with the next sync. Safe to stop and to repeat at any point.
 *
 * @param variant `auto` takes what the trouble needs; a trouble that needs more than was asked for gets more.
 * @throws SyncError what the master or the database says; the slave is then as it was before.
 */
export async function resetSlave(
  deps: SlaveDeps,
  variant: ResetVariant | 'auto',
  signal: AbortSignal,
): Promise<ResetReport> {
  const state = await deps.store.read((tx) => tx.state());
  const chosen = chooseVariant(state, variant);
  if (chosen === 'status') return resetStatus(deps, state);
  const backup = await deps.store.backup('reset');
  const enrolled =
    chosen === 'enroll'
      ? await enrollAnew(deps, signal)
      : await deps.store.write((tx) => resync(tx, deps));
  const { pendingKept, incarnation } = await deps.store.read(async (tx) => ({
    pendingKept: await tx.pendingCount(),
    incarnation: (await tx.state()).incarnation,
  }));
  deps.log.warn('slave reset', {
    variant: chosen,
    trouble: state.trouble,
    pendingKept,
    ...enrolled,
  });
  return { variant: chosen, trouble: state.trouble, pendingKept, ...enrolled, backup, incarnation };
}

function chooseVariant(state: SlaveSyncState, asked: ResetVariant | 'auto'): ResetVariant {
  const needed = neededVariant(state);
  if (asked === 'auto') return needed;
  if (asked === 'resync' && needed === 'enroll') return 'enroll';
  return asked;
}

/** After `epoch_changed` the master's memory of our operations is another one too, so the numbering starts anew. */
function neededVariant({ trouble, pendingIncarnation }: SlaveSyncState): ResetVariant {
  if (pendingIncarnation !== null) return 'enroll';
  if (trouble === null) return 'status';
  return trouble === 'cursor_expired' ? 'resync' : 'enroll';
}

async function resetStatus(deps: SlaveDeps, state: SlaveSyncState): Promise<ResetReport> {
  const pendingKept = await deps.store.write(async (tx) => {
    await tx.patchState(clearedStatus);
    return tx.pendingCount();
  });
  const { trouble, incarnation } = state;
  return {
    variant: 'status',
    trouble,
    pendingKept,
    alreadyAtMaster: 0,
    setAside: 0,
    sentAgain: 0,
    backup: null,
    incarnation,
  };
}

async function resync(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
): Promise<{ alreadyAtMaster: number; setAside: number; sentAgain: number }> {
  await forgetDownloads(tx);
  await tx.patchState(resyncState(deps, false));
  return { alreadyAtMaster: 0, setAside: 0, sentAgain: 0 };
}
