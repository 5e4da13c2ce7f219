import type { DownloadCounts } from '../../common/core/sync-report.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { SnapshotRange } from '../../common/protocol/download.ts';
import type { SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { IncomingRow } from './incoming-row.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import type { CheckedPage, IncomingRecord } from './read-page.ts';
import type { SlaveDeps } from './slave-deps.ts';

/**
 * Applies pages of the master's changes in the running transaction (rules CYCLE2, REBASE1, ECHO2, DOWN4).
 *
 * @param pages in order; of a row that comes twice the later state stands.
 * @param lastOperation newest operation of ours that the master has.
 */
export async function applyChanges(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  pages: readonly CheckedPage[],
  lastOperation?: number,
): Promise<DownloadCounts> {
  const newest = new Map<string, IncomingRecord>();
  for (const record of pages.flatMap((page) => page.records))
    newest.set(`${record.table.name}/${record.id}`, record);
  const records = [...newest.values()];
  let removed = 0;
  const absent: IncomingRow[] = [];
  for (const page of pages) {
    for (const range of page.ranges) {
      const table = deps.tables.byName.get(range.table);
      if (table === undefined) continue;
      const ids = records.filter((record) => record.table === table).map((record) => record.id);
      const busy = await tx.workInRange(range.table, range.after, range.up_to, ids);
      removed += await clearRange(tx, deps, { table, range, keep: ids });
      absent.push(...busy.map((id) => ({ table, id, row: null, version: page.position })));
    }
  }
  const fresh = await withoutOld(tx, records);
  await forgetLocalOnly(tx, fresh);
  const rows = [...fresh, ...(await withoutOld(tx, absent))];
  const refused = await makeRowsTrue(tx, deps, rows, lastOperation);
  const count = (action: IncomingRecord['action']): number =>
    fresh.filter((record) => record.action === action).length;
  return {
    records: records.length,
    created: count('create'),
    updated: count('update'),
    deleted: count('delete') + removed,
    rejected: refused.length,
  };
}

/**
 * Leaves out what is older than an own change that the master accepted, or than a state known already. During a resync
 * a row of the very version of an own change counts too: that change may have been made to an older row here.
 */
async function withoutOld<T extends IncomingRow>(
  tx: SlaveWriteTx,
  records: readonly T[],
): Promise<readonly T[]> {
  const fresh: T[] = [];
  const isResync = (await tx.state()).loading?.resync === true;
  for (const [table, own] of Map.groupBy(records, (record) => record.table.name)) {
    const ids = own.map((record) => record.id);
    const acknowledged = await tx.acknowledgedVersions(table, ids);
    const shadows = await tx.shadows(table, ids);
    fresh.push(
      ...own.filter((record) => {
        const known = Math.max(
          acknowledged.get(record.id) ?? -1,
          shadows.get(record.id)?.version ?? -1,
        );
        const isKnown = record.version < known || (record.version === known && !isResync);
        return !isKnown || (known === 0 && record.version === 0);
      }),
    );
  }
  return fresh;
}

/** Removes rows of a range that a snapshot holds completely and the master no longer has; returns how many. */
async function clearRange(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  {
    table,
    range,
    keep,
  }: {
    readonly table: TableDefinition;
    readonly range: SnapshotRange;
    readonly keep: readonly string[];
  },
): Promise<number> {
  const { after, up_to: upTo } = range;
  const keepLocalOnly = (await tx.state()).loading?.keepLocalOnly ?? false;
  if (!keepLocalOnly) return tx.deleteRange(table.name, after, upTo, keep);
  await setAsideLocalOnly(tx, deps, table, await tx.idsInRange(table.name, after, upTo, keep));
  return 0;
}

/** A row that another slave gave back to a restored master is no longer only here. */
async function forgetLocalOnly(
  tx: SlaveWriteTx,
  records: readonly IncomingRecord[],
): Promise<void> {
  if ((await tx.rejected({ direction: 'up', limit: 1 })).length === 0) return;
  for (const [table, own] of Map.groupBy(records, (record) => record.table.name)) {
    const ids = own.filter((record) => record.row !== null).map((record) => record.id);
    const rejected = await tx.rejected({ direction: 'up', table, ids });
    const settled = rejected.filter(({ code }) => code === 'row_only_here');
    await tx.removeRejected(settled.map(({ rejectedId }) => rejectedId));
  }
}

/** Keeps rows that a restored master lost, for a person to decide (P15). */
async function setAsideLocalOnly(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  table: TableDefinition,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const now = deps.clock.nowIso();
  const { progressCounter } = await tx.state();
  const rows = await tx.rows(table.name, ids);
  await tx.saveShadows(ids.map((id) => ({ table: table.name, id, row: null, version: 0 })));
  await tx.addRejected(
    [...rows].map(([id, image]) => ({
      direction: 'up',
      table: table.name,
      id,
      action: 'create',
      columns: [],
      row: image.ok ? image.row : null,
      before: null,
      deltas: {},
      counted: false,
      basePosition: 0,
      capturedAt: now,
      code: 'row_only_here',
      detail: 'the master no longer has this row, and no deletion of it is known',
      attempts: 0,
      triedAtProgress: progressCounter,
      firstRejectedAt: now,
      lastRejectedAt: now,
      operation: null,
      version: null,
    })),
  );
}
