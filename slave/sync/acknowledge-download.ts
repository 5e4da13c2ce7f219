import type { SyncError } from '../../common/core/sync-error.ts';
import { countRequest, throwIfCancelled, type CycleRun } from './cycle-run.ts';
import { identityOf, settledExchange } from './exchange.ts';

/** Most characters of an error message that the master gets to show. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * Tells the master how far this slave is and how the cycle went. Repeatable; when it fails nothing is lost, the next
 * cycle acknowledges more.
 *
 * @param failure what went wrong in the cycle so far.
 */
export async function acknowledgeDownload(run: CycleRun, failure: SyncError | null): Promise<void> {
  throwIfCancelled(run);
  const { store, client, clock } = run.deps;
  const { state, pending } = await store.read(async (tx) => ({
    state: await tx.state(),
    pending: await tx.pendingCount(),
  }));
  const answer = await client.acknowledge(
    {
      timestamp: clock.nowIso(),
      status: failure === null ? 'success' : 'failed',
      message:
        failure === null
          ? null
          : `${failure.code}: ${failure.message}`.slice(0, MAX_MESSAGE_LENGTH),
      cursor: state.cursor,
      pending,
    },
    identityOf(state),
    run.signal,
  );
  countRequest(run, answer.meta);
  await store.write(async (tx) => tx.patchState(settledExchange(await tx.state(), answer.meta)));
}
