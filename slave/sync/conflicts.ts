import { SyncError } from '../../common/core/sync-error.ts';
import type { Row } from '../../common/core/table-definition.ts';
import type { RowState, SlaveReadTx } from '../../common/storage/slave-store.ts';
import { decidedRow, type ConflictDecision } from './decide-conflict.ts';
import { readConflict, type Conflict } from './read-conflict.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Name of the synced table that holds the conflicts (rule MERGE7). */
const TABLE = 'sync_conflicts';
const PAGE_SIZE = 500;

/** Which conflicts are meant; conditions add up. */
export interface ConflictFilter {
  readonly state?: Conflict['state'];
  readonly table?: string;
  readonly recordId?: string;
  /** Most conflicts returned, the newest of them; default 200. */
  readonly limit?: number;
}

/** A conflict with the row as it is now on this slave. */
export interface ShownConflict extends Conflict {
  /** Null when the row is not there, or cannot be read exactly. */
  readonly current: Row | null;
}

/** Lists conflicts, newest first. */
export async function listConflicts(
  deps: SlaveDeps,
  filter: ConflictFilter,
): Promise<readonly Conflict[]> {
  const limit = filter.limit ?? 200;
  return deps.store.read(async (tx) => {
    let newest: readonly Conflict[] = [];
    let after: string | null = null;
    for (;;) {
      const page: Awaited<ReturnType<SlaveReadTx['rowPage']>> = await tx.rowPage(
        TABLE,
        after,
        PAGE_SIZE,
      );
      const found = page
        .flatMap(({ row }) => (row.ok ? [readConflict(row.row)] : []))
        .filter((conflict) => fits(conflict, filter));
      newest = [...newest, ...found].toSorted(newestFirst).slice(0, limit);
      after = page.at(-1)?.id ?? after;
      if (page.length < PAGE_SIZE) return newest;
    }
  });
}

/** One conflict with both sides. @throws SyncError `data_not_found`. */
export async function showConflict(deps: SlaveDeps, id: string): Promise<ShownConflict> {
  return deps.store.read(async (tx) => {
    const { conflict } = await findConflict(tx, id);
    return { ...conflict, current: await currentRow(tx, conflict) };
  });
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
    const { conflict, row } = await findConflict(tx, id);
    const table = deps.tables.byName.get(conflict.table);
    if (table === undefined)
      throw new SyncError('table_unknown', `table ${conflict.table} is not declared here`);
    const now = deps.clock.nowIso();
    const current = await currentRow(tx, conflict);
    const decided = decidedRow({ table, conflict, current, now }, decision);
    const writes: RowState[] = [
      {
        table: TABLE,
        id,
        row: {
          ...row,
          state: 'resolved',
          resolution: JSON.stringify(decision),
          resolved_by: by,
          updated_at: now,
        },
      },
    ];
    if (decided !== null || current !== null)
      writes.unshift({ table: table.name, id: conflict.recordId, row: decided });
    await tx.writeCaptured(writes);
  });
  deps.log.info('conflict resolved', { conflict: id, by });
  return showConflict(deps, id);
}

function fits(conflict: Conflict, filter: ConflictFilter): boolean {
  return (
    (filter.state === undefined || conflict.state === filter.state) &&
    (filter.table === undefined || conflict.table === filter.table) &&
    (filter.recordId === undefined || conflict.recordId === filter.recordId)
  );
}

function newestFirst(a: Conflict, b: Conflict): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

async function findConflict(
  tx: SlaveReadTx,
  id: string,
): Promise<{ readonly conflict: Conflict; readonly row: Row }> {
  const image = (await tx.rows(TABLE, [id])).get(id);
  if (image?.ok !== true) {
    throw new SyncError('data_not_found', `there is no conflict ${id}`, {
      hint: 'List them with `slave conflicts list`.',
    });
  }
  return { conflict: readConflict(image.row), row: image.row };
}

async function currentRow(tx: SlaveReadTx, conflict: Conflict): Promise<Row | null> {
  const image = (await tx.rows(conflict.table, [conflict.recordId])).get(conflict.recordId);
  return image?.ok === true ? image.row : null;
}
