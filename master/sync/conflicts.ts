import {
  decideConflict,
  type ConflictDecision,
  type DecidedWrite,
} from '../../common/core/decide-conflict.ts';
import {
  findConflict,
  findConflicts,
  type ConflictFilter,
  type ShownConflict,
} from '../../common/core/find-conflicts.ts';
import type { Conflict } from '../../common/core/read-conflict.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type {
  ChangeNote,
  ImageResult,
  MasterWriteTx,
  RowWrite,
} from '../../common/storage/master-store.ts';
import type { MasterDeps } from './master-deps.ts';

/** Lists conflicts, newest first. */
export async function listConflicts(
  deps: MasterDeps,
  filter: ConflictFilter,
): Promise<readonly Conflict[]> {
  return deps.store.read((tx) =>
    findConflicts((table, after, limit) => tx.snapshotPage(table, after, limit), filter),
  );
}

/** One conflict with both sides. @throws SyncError `data_not_found`. */
export async function showConflict(deps: MasterDeps, id: string): Promise<ShownConflict> {
  const { conflict, current } = await deps.store.read((tx) =>
    findConflict((table, ids) => tx.rows(table, ids), id),
  );
  return { ...conflict, current };
}

/**
 * Carries out a person's decision as the master's own change of the row and of the conflict, in one transaction
 * (rule MERGE7), so that every slave gets both. Also takes back a settled conflict.
 *
 * @param by who decided, for the record.
 * @throws SyncError `data_not_found`, `record_invalid` when the decision makes no whole row, what the database
 * refuses (`row_unique`, ...), or why the row as it is now cannot be read exactly.
 */
export async function resolveConflict(
  deps: MasterDeps,
  id: string,
  decision: ConflictDecision,
  by: string,
): Promise<ShownConflict> {
  const transaction = deps.randomId();
  await deps.store.write(async (tx) => {
    const found = await findConflict((table, ids) => lockReadable(tx, table, ids), id);
    const table = deps.tables.byName.get(found.conflict.table);
    const now = deps.clock.nowIso();
    const writes = decideConflict(found, decision, { table, by, now });
    const [failure] = await tx.applyWrites(writes.map(toRowWrite), { slave: '', transaction });
    if (failure !== undefined) {
      const { code, detail } = failure;
      throw new SyncError(code, `the database refuses the change: ${detail}`);
    }
    // Merging compares times: the master's clock counts, as in uploads, not the database's.
    await tx.noteChanges(writes.map((write) => noteOf(write, now)));
  });
  deps.log.info('conflict resolved', { conflict: id, by });
  return showConflict(deps, id);
}

/** Locks rows by id. A row that cannot be read exactly would be taken for absent and overwritten, so it is refused. */
async function lockReadable(
  tx: MasterWriteTx,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ImageResult>> {
  const images = await tx.lockRows(table, ids);
  for (const [id, image] of images) {
    if (image.ok) continue;
    const { code, column, detail } = image;
    const what = `${table} ${id} cannot be read exactly: column ${column}, ${detail}`;
    throw new SyncError(code, what, { hint: 'Mend the row in the database first.' });
  }
  return images;
}

function toRowWrite({ table, id, before, row }: DecidedWrite): RowWrite {
  if (row === null) return { kind: 'delete', table, id };
  return { kind: before === null ? 'insert' : 'update', table, id, row };
}

function noteOf({ table, id }: DecidedWrite, changedAt: string): ChangeNote {
  return {
    table,
    id,
    changedAt,
    echo: false,
    countedAt: null,
    moves: null,
    revivedColumns: null,
    life: 'same',
  };
}
