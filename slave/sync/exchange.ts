import { SyncError } from '../../common/core/sync-error.ts';
import type { SlaveSyncState } from '../../common/storage/slave-store.ts';
import type { AnswerMeta, ExchangeIdentity } from '../transport/master-client.ts';

/**
 * Who asks, as the state says. The exchange id is in the state from before the cycle's first request until the first
 * answer is dealt with, so exactly those requests carry it that may need repeating (rule ID1).
 */
export function identityOf(state: SlaveSyncState): ExchangeIdentity {
  return { incarnation: state.incarnation, nonce: state.nonce, exchangeId: state.exchangeId };
}

/**
 * What an answer changes in the state, to be written in the transaction that deals with the answer (rule ID2).
 *
 * @throws SyncError `epoch_changed` when the answer comes from another history than the one we know.
 */
export function settledExchange(
  state: SlaveSyncState,
  meta: AnswerMeta,
): Pick<SlaveSyncState, 'nonce' | 'exchangeId' | 'epoch'> {
  if (state.epoch !== null && state.epoch !== meta.epoch) {
    throw new SyncError(
      'epoch_changed',
      `the master's epoch is ${meta.epoch}, this slave knows ${state.epoch}`,
    );
  }
  return meta.nonce === null
    ? { nonce: state.nonce, exchangeId: state.exchangeId, epoch: meta.epoch }
    : { nonce: meta.nonce, exchangeId: null, epoch: meta.epoch };
}
