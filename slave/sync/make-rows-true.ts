import { rebase } from '../../common/core/rebase.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { RowState, Shadow, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { IncomingRow } from './incoming-row.ts';
import { changesOf, isRebasable, loadLocalWork, type LocalWork } from './local-work.ts';
import { resolveRefusals, type RefusedRow } from './resolve-refusals.ts';
import type { SlaveDeps } from './slave-deps.ts';

/**
 * Shows rows as the master has them, with unsent and set-aside local work on top (rule REBASE1). What this database
 * does not take is set aside with its reason (rule REJ2), the rest stands.
 *
 * @param lastOperation newest operation of ours that the master has, where that is known.
 * @returns the rows that were set aside.
 */
export async function makeRowsTrue(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  rows: readonly IncomingRow[],
  lastOperation = Infinity,
): Promise<readonly RefusedRow[]> {
  if (rows.length === 0) return [];
  const heldUpTo = Math.min(lastOperation, (await tx.currentBatch())?.lastOperation ?? 0);
  const attempts = await forgetRefused(tx, rows);
  const works = await worksOf(tx, rows);
  const workOf = (row: IncomingRow): LocalWork | undefined => works.get(row.table)?.get(row.id);
  await tx.saveShadows(rows.filter((row) => workOf(row) !== undefined).map(shadowOf));
  const targets = rows.flatMap((row) => targetOf(row, workOf(row), heldUpTo));
  const failures = await tx.applyRows(targets);
  if (failures.length === 0) return [];
  const byKey = new Map(rows.map((row) => [keyOf(row.table.name, row.id), row]));
  const refused = failures.flatMap((failure) => {
    const incoming = byKey.get(keyOf(failure.table, failure.id));
    return incoming === undefined ? [] : [{ incoming, work: workOf(incoming), failure }];
  });
  const remaining = await resolveRefusals(tx, deps, refused);
  await setAsideIncoming(tx, deps, remaining, attempts);
  return remaining;
}

function keyOf(table: string, id: string): string {
  return `${table}/${id}`;
}

function shadowOf(incoming: IncomingRow): Shadow {
  return {
    table: incoming.table.name,
    id: incoming.id,
    row: incoming.row,
    version: incoming.version,
  };
}

/**
 * Nothing is written over local work that cannot be repeated on top (P9), or that the row may hold already because
 * only the answer to it was lost (rule REBASE2); the shadow keeps the master's row until the answer is there.
 */
function targetOf(
  incoming: IncomingRow,
  work: LocalWork | undefined,
  heldUpTo: number,
): readonly RowState[] {
  const head = { table: incoming.table.name, id: incoming.id };
  if (work === undefined) return [{ ...head, row: incoming.row }];
  if (work.pending.some(({ operation }) => operation <= heldUpTo)) return [];
  const changes = changesOf(work);
  if (!isRebasable(changes)) return [];
  return [{ ...head, row: rebase(incoming.table, incoming.row, changes) }];
}

async function worksOf(
  tx: SlaveWriteTx,
  rows: readonly IncomingRow[],
): Promise<ReadonlyMap<TableDefinition, ReadonlyMap<string, LocalWork>>> {
  const works = new Map<TableDefinition, ReadonlyMap<string, LocalWork>>();
  if ((await tx.pendingCount()) === 0 && (await tx.rejectedCount()) === 0) return works;
  for (const [table, own] of Map.groupBy(rows, (row) => row.table)) {
    works.set(
      table,
      await loadLocalWork(
        tx,
        table.name,
        own.map((row) => row.id),
      ),
    );
  }
  return works;
}

/** Takes earlier refused versions of these rows off the list; returns how often each was tried. */
async function forgetRefused(
  tx: SlaveWriteTx,
  rows: readonly IncomingRow[],
): Promise<ReadonlyMap<string, number>> {
  const attempts = new Map<string, number>();
  if ((await tx.rejected({ direction: 'down', limit: 1 })).length === 0) return attempts;
  for (const [table, own] of Map.groupBy(rows, (row) => row.table.name)) {
    const earlier = await tx.rejected({ direction: 'down', table, ids: own.map((row) => row.id) });
    for (const change of earlier) attempts.set(keyOf(table, change.id), change.attempts);
    await tx.removeRejected(earlier.map((change) => change.rejectedId));
  }
  return attempts;
}

async function setAsideIncoming(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  refused: readonly RefusedRow[],
  attempts: ReadonlyMap<string, number>,
): Promise<void> {
  if (refused.length === 0) return;
  const { progressCounter, position } = await tx.state();
  const now = deps.clock.nowIso();
  await tx.addRejected(
    refused.map(({ incoming, failure }) => ({
      direction: 'down',
      table: incoming.table.name,
      id: incoming.id,
      action: incoming.row === null ? 'delete' : 'update',
      columns: [],
      row: incoming.row,
      before: null,
      deltas: {},
      counted: false,
      basePosition: position,
      capturedAt: now,
      code: failure.code,
      detail: failure.detail,
      attempts: (attempts.get(keyOf(incoming.table.name, incoming.id)) ?? 0) + 1,
      triedAtProgress: progressCounter,
      firstRejectedAt: now,
      lastRejectedAt: now,
      operation: null,
      version: incoming.version,
    })),
  );
}
