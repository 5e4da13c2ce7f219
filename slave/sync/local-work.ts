import { isExact, rowBefore, type LocalChange } from '../../common/core/rebase.ts';
import type { Row } from '../../common/core/table-definition.ts';
import type {
  OutboxEntry,
  RejectedChange,
  Shadow,
  SlaveReadTx,
} from '../../common/storage/slave-store.ts';

/** What a row shows beyond the master's state: changes set aside, then unsent ones, each oldest first. */
export interface LocalWork {
  readonly rejected: readonly RejectedChange[];
  readonly pending: readonly OutboxEntry[];
  readonly shadow: Shadow | undefined;
}

/** Finds the local work of rows. Rows without any are left out; without any unsent or rejected change it costs little. */
export async function loadLocalWork(
  tx: SlaveReadTx,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LocalWork>> {
  const pending = await tx.pendingOf(table, ids);
  const rejected = Map.groupBy(
    await tx.rejected({ direction: 'up', table, ids }),
    (change) => change.id,
  );
  const busy = [...new Set([...pending.keys(), ...rejected.keys()])];
  if (busy.length === 0) return new Map();
  const shadows = await tx.shadows(table, busy);
  return new Map(
    busy.map((id) => [
      id,
      { rejected: rejected.get(id) ?? [], pending: pending.get(id) ?? [], shadow: shadows.get(id) },
    ]),
  );
}

/** An outbox entry as a change of the pure core. */
export function changeOf(entry: OutboxEntry): LocalChange {
  return {
    action: entry.action,
    columns: entry.columns,
    row: entry.after.ok ? entry.after.row : null,
    before: entry.before?.ok === true ? entry.before.row : null,
    deltas: entry.deltas,
    counted: entry.counted,
    basePosition: entry.basePosition,
    capturedAt: entry.capturedAt,
  };
}

/** All work of a row in order. What was set aside was made before what still waits. */
export function changesOf(work: Pick<LocalWork, 'rejected' | 'pending'>): readonly LocalChange[] {
  return [...work.rejected, ...work.pending.map(changeOf)];
}

/** The row as the master has it, as far as this slave knows; undefined when that is not known exactly. */
export function masterStateOf(work: LocalWork): Row | null | undefined {
  if (work.shadow !== undefined) return work.shadow.row;
  const [first] = changesOf(work);
  return first === undefined ? undefined : rowBefore(first);
}

/** Whether the work can be applied on top of another row; otherwise the local row is left as it is (P9). */
export function isRebasable(changes: readonly LocalChange[]): boolean {
  return changes.every(isExact);
}
