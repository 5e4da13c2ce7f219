import { squash } from '../../common/core/squash.ts';
import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type { ImageResult } from '../../common/storage/master-store.ts';
import type { SlaveWriteTx } from '../../common/storage/slave-store.ts';
import { changesOf, isRebasable, masterStateOf, type LocalWork } from './local-work.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import { setAside, type RejectReason } from './set-aside.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** One row whose changes are to go out as one. */
export interface JoinTarget {
  readonly table: TableDefinition;
  readonly id: string;
  readonly work: LocalWork;
  /** The row as it is now; undefined when it is not there. */
  readonly current: ImageResult | undefined;
}

/**
 * Joins everything set aside and unsent of one row into one new change at the outbox's end (rule REJ1). When the row
 * cannot be carried exactly as it is now, its unsent changes are set aside too and wait with the others.
 *
 * @returns whether something was put into the outbox.
 */
export async function joinRow(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  target: JoinTarget,
): Promise<boolean> {
  const { table, id, work, current } = target;
  const changes = changesOf(work);
  const isGone = changes.at(-1)?.action === 'delete';
  if (!isGone && !isSendable(target)) {
    await setAside(
      tx,
      work,
      work.pending.map((entry) => ({ entry, reason: reasonToWait(entry.after, current) })),
      deps.clock.nowIso(),
    );
    return false;
  }
  const row: Row | null = current?.ok === true ? current.row : null;
  const joined = squash(table, changes, row);
  await keepShadow(tx, target);
  for (const entry of work.pending) await tx.voidEntry(entry.operation);
  await tx.removeRejected(work.rejected.map((change) => change.rejectedId));
  if (joined === null) {
    await showShadow(tx, deps, target);
    return false;
  }
  const attempts = Math.max(0, ...work.rejected.map((change) => change.attempts));
  await tx.enqueue({ ...joined, table: table.name, id, attempts });
  return true;
}

/** Nothing is left to say of the row here; another one that the master has under the same key is to be seen. */
async function showShadow(tx: SlaveWriteTx, deps: SlaveDeps, target: JoinTarget): Promise<void> {
  const { table, id, work, current } = target;
  const { shadow } = work;
  if (current === undefined && shadow !== undefined && shadow.row !== null) {
    await makeRowsTrue(tx, deps, [{ table, id, row: shadow.row, version: shadow.version }]);
  }
  await tx.pruneShadows();
}

/** A row that is gone locally (it made way for another) still goes out with its last content. */
function isSendable(target: JoinTarget): boolean {
  return target.current === undefined ? isRebasable(changesOf(target.work)) : target.current.ok;
}

function reasonToWait(after: ImageResult, current: ImageResult | undefined): RejectReason {
  if (!after.ok) return { code: after.code, detail: `column ${after.column}: ${after.detail}` };
  const column = current?.ok === false ? ` (column ${current.column})` : '';
  return { code: 'row_waits', detail: `an earlier change of this row was set aside${column}` };
}

async function keepShadow(tx: SlaveWriteTx, target: JoinTarget): Promise<void> {
  const row = masterStateOf(target.work);
  if (target.work.shadow !== undefined || row === undefined) return;
  await tx.saveShadows([{ table: target.table.name, id: target.id, row, version: 0 }]);
}
