import { decideConflict, type ConflictDecision } from '../../common/core/decide-conflict.ts';
import {
  findConflict,
  findConflicts,
  type ConflictFilter,
  type ShownConflict,
} from '../../common/core/find-conflicts.ts';
import type { Conflict } from '../../common/core/read-conflict.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Lists conflicts, newest first. */
export async function listConflicts(
  deps: SlaveDeps,
  filter: ConflictFilter,
): Promise<readonly Conflict[]> {
  return deps.store.read((tx) =>
    findConflicts((table, after, limit) => tx.rowPage(table, after, limit), filter),
  );
}

/** One conflict with both sides. @throws SyncError `data_not_found`. */
export async function showConflict(deps: SlaveDeps, id: string): Promise<ShownConflict> {
  const { conflict, current } = await deps.store.read((tx) =>
    findConflict((table, ids) => tx.rows(table, ids), id),
  );
  return { ...conflict, current };
}

/**
 * Carries out a person's decision as ordinary local writes, captured and uploaded like any other, in one transaction
 * (rule MERGE7): the row gets the chosen values, the conflict becomes `resolved`. Also takes back a settled conflict.
 *
 * @param by who decided, for the record.
 * @throws SyncError `data_not_found`, `record_invalid` when the decision makes no whole row, or what the database
 * refuses (`row_unique`, ...).
 */
export async function resolveConflict(
  deps: SlaveDeps,
  id: string,
  decision: ConflictDecision,
  by: string,
): Promise<ShownConflict> {
  await deps.store.write(async (tx) => {
    const found = await findConflict((table, ids) => tx.rows(table, ids), id);
    const table = deps.tables.byName.get(found.conflict.table);
    await tx.writeCaptured(
      decideConflict(found, decision, { table, by, now: deps.clock.nowIso() }),
    );
  });
  deps.log.info('conflict resolved', { conflict: id, by });
  return showConflict(deps, id);
}
