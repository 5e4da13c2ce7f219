import type { DownloadCounts } from '../../common/core/sync-report.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { SnapshotRange } from '../../common/protocol/download.ts';
import type { SlaveWriteTx } from '../../common/storage/slave-store.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import type { CheckedPage, IncomingRecord } from './read-page.ts';
import type { SlaveDeps } from './slave-deps.ts';

/**
 * Applies pages of the master's changes in the running transaction (rules CYCLE2, REBASE1, ECHO2, DOWN4).
 *
 * @param pages in order; of a row that comes twice the later state stands.
 */
export async function applyChanges(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  pages: readonly CheckedPage[],
): Promise<DownloadCounts> {
  const newest = new Map<string, IncomingRecord>();
  for (const record of pages.flatMap((page) => page.records))
    newest.set(`${record.table.name}/${record.id}`, record);
  const records = [...newest.values()];
  const removed = await clearRanges(
    tx,
    deps,
    pages.flatMap((page) => page.ranges),
    records,
  );
  const fresh = await withoutOld(tx, records);
  const refused = await makeRowsTrue(tx, deps, fresh);
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

/** Leaves out what is older than an own change that the master accepted, or than a state known already. */
async function withoutOld(
  tx: SlaveWriteTx,
  records: readonly IncomingRecord[],
): Promise<readonly IncomingRecord[]> {
  const fresh: IncomingRecord[] = [];
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
        return record.version > known || (known === 0 && record.version === 0);
      }),
    );
  }
  return fresh;
}

/** Removes rows of the ranges that a snapshot holds completely and the master no longer has; returns how many. */
async function clearRanges(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  ranges: readonly SnapshotRange[],
  records: readonly IncomingRecord[],
): Promise<number> {
  if (ranges.length === 0) return 0;
  const keepLocalOnly = (await tx.state()).loading?.keepLocalOnly ?? false;
  let removed = 0;
  for (const range of ranges) {
    const table = deps.tables.byName.get(range.table);
    if (table === undefined) continue;
    const keep = records.filter((record) => record.table === table).map((record) => record.id);
    if (keepLocalOnly)
      await setAsideLocalOnly(
        tx,
        deps,
        table,
        await tx.idsInRange(range.table, range.after, range.up_to, keep),
      );
    else removed += await tx.deleteRange(range.table, range.after, range.up_to, keep);
  }
  return removed;
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
