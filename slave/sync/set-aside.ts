import type { ErrorCode } from '../../common/core/error-codes.ts';
import { movedCounters } from '../../common/core/rebase.ts';
import type {
  OutboxEntry,
  RejectedChange,
  SlaveSyncState,
  SlaveWriteTx,
} from '../../common/storage/slave-store.ts';
import { changeOf, masterStateOf, type LocalWork } from './local-work.ts';

/** A change to be set aside, not yet numbered. */
export type NewRejected = Omit<RejectedChange, 'rejectedId'>;

/** Why a change is set aside; `detail` names columns and rules, never values. */
export interface RejectReason {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** An unsent change as it is kept when it cannot go out (rule REJ1). */
export function rejectedFrom(
  entry: OutboxEntry,
  reason: RejectReason,
  state: SlaveSyncState,
  now: string,
): NewRejected {
  const change = changeOf(entry);
  return {
    direction: 'up',
    table: entry.table,
    id: entry.id,
    action: entry.action,
    columns: entry.columns,
    row: change.row,
    before: change.before,
    deltas: movedCounters(change),
    counted: entry.counted,
    basePosition: entry.basePosition,
    capturedAt: entry.capturedAt,
    code: reason.code,
    detail: reason.detail,
    attempts: entry.attempts + 1,
    triedAtProgress: state.progressCounter,
    firstRejectedAt: now,
    lastRejectedAt: now,
    operation: entry.operation,
    version: null,
  };
}

/**
 * Moves unsent changes of one row to the set-aside ones and leaves voids in the outbox (rule ONCE4). What the master
 * has of the row is kept beside them, so that a discard can restore it.
 *
 * @param entries with a reason each; none may belong to a batch on its way.
 */
export async function setAside(
  tx: SlaveWriteTx,
  work: LocalWork,
  entries: readonly { readonly entry: OutboxEntry; readonly reason: RejectReason }[],
  now: string,
): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  const state = await tx.state();
  const { table, id } = first.entry;
  const row = masterStateOf(work);
  if (work.shadow === undefined && row !== undefined)
    await tx.saveShadows([{ table, id, row, version: 0 }]);
  await tx.addRejected(entries.map(({ entry, reason }) => rejectedFrom(entry, reason, state, now)));
  for (const { entry } of entries) await tx.voidEntry(entry.operation);
}
