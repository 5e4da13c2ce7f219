import { rebase } from '../../common/core/rebase.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type {
  RejectedChange,
  RejectedFilter,
  RowState,
  SlaveWriteTx,
} from '../../common/storage/slave-store.ts';
import {
  changeOf,
  isRebasable,
  loadLocalWork,
  masterStateOf,
  type LocalWork,
} from './local-work.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import { joinRejected } from './retry-rejected.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Which set-aside changes a person means. Rows go as a whole: all set-aside changes of a named row are meant. */
export type RejectedSelection = { readonly rejectedIds: readonly number[] } | 'all';

/** What came of a request about set-aside changes. */
export interface RejectedOutcome {
  readonly rows: number;
  readonly changes: number;
}

/** Lists set-aside changes, oldest first. */
export async function listRejected(
  deps: SlaveDeps,
  filter: RejectedFilter,
): Promise<readonly RejectedChange[]> {
  return deps.store.read((tx) => tx.rejected(filter));
}

/**
 * Puts set-aside changes back into the outbox, one change a row, whatever they were rejected for; refused rows of
 * the master are tried again at once.
 *
 * @throws SyncError `data_not_found` when a number is unknown, `sync_refused` while a batch is on its way.
 */
export async function retryRejectedChanges(
  deps: SlaveDeps,
  selection: RejectedSelection,
): Promise<RejectedOutcome> {
  return deps.store.write(async (tx) => {
    const changes = await select(tx, selection);
    const up = changes.filter((change) => change.direction === 'up');
    if (up.length > 0 && (await tx.currentBatch()) !== null) {
      throw new SyncError('sync_refused', 'an upload has not been answered yet', {
        hint: 'Run `slave sync:run` first, then try again.',
      });
    }
    const sent = await joinRejected(tx, deps, up, () => true);
    const down = changes.flatMap((change) => {
      const table = deps.tables.byName.get(change.table);
      if (change.direction === 'up' || table === undefined) return [];
      return [{ table, id: change.id, row: change.row, version: change.version ?? 0 }];
    });
    const refused = await makeRowsTrue(tx, deps, down);
    return { rows: sent + down.length - refused.length, changes: changes.length };
  });
}

/**
 * Drops set-aside changes and shows their rows as the master has them, with changes that still wait on top. Dropping
 * a refused row of the master only takes it off the list.
 *
 * @throws SyncError `data_not_found` when a number is unknown.
 */
export async function discardRejectedChanges(
  deps: SlaveDeps,
  selection: RejectedSelection,
): Promise<RejectedOutcome> {
  const dropped = await deps.store.write(async (tx) => {
    const changes = await select(tx, selection);
    let rows = 0;
    for (const [table, own] of Map.groupBy(
      changes.filter((change) => change.direction === 'up'),
      (change) => change.table,
    )) {
      rows += await discardRows(tx, deps, table, [...new Set(own.map((change) => change.id))]);
    }
    const down = changes.filter((change) => change.direction === 'down');
    await tx.removeRejected(down.map((change) => change.rejectedId));
    return { rows: rows + down.length, changes };
  });
  for (const { rejectedId, direction, table, id, action, code } of dropped.changes) {
    deps.log.info('set-aside change discarded', { rejectedId, direction, table, id, action, code });
  }
  return { rows: dropped.rows, changes: dropped.changes.length };
}

async function select(
  tx: SlaveWriteTx,
  selection: RejectedSelection,
): Promise<readonly RejectedChange[]> {
  if (selection === 'all') return tx.rejected();
  const found = await tx.rejected({ rejectedIds: selection.rejectedIds });
  const known = new Set(found.map((change) => change.rejectedId));
  const missing = selection.rejectedIds.find((rejectedId) => !known.has(rejectedId));
  if (missing !== undefined) {
    throw new SyncError('data_not_found', `no change number ${missing} is set aside`, {
      hint: 'List them with `slave rejected list`.',
    });
  }
  return found;
}

async function discardRows(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  name: string,
  ids: readonly string[],
): Promise<number> {
  const table = deps.tables.byName.get(name);
  const works = await loadLocalWork(tx, name, ids);
  const rows: RowState[] = [];
  for (const [id, work] of works) {
    await tx.removeRejected(work.rejected.map((change) => change.rejectedId));
    const restored = table === undefined ? undefined : restoredRow(table, id, work);
    if (restored !== undefined) rows.push(restored);
  }
  const [failure] = await tx.applyRows(rows);
  await tx.pruneShadows();
  if (failure !== undefined) {
    throw new SyncError(
      'sync_refused',
      `row ${failure.id} of ${failure.table} cannot be restored: ${failure.code}, ${failure.detail}`,
    );
  }
  return works.size;
}

/** Undefined when the master's row, or a change that still waits, is not known exactly: then the row stays as it is. */
function restoredRow(
  table: Parameters<typeof rebase>[0],
  id: string,
  work: LocalWork,
): RowState | undefined {
  const master = masterStateOf(work);
  const waiting = work.pending.map(changeOf);
  if (master === undefined || !isRebasable(waiting)) return undefined;
  return { table: table.name, id, row: rebase(table, master, waiting) };
}
