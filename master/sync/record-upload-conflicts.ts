import type { ConflictRecord } from '../../common/storage/master-store.ts';
import type { AppliedChange, ApplyContext } from './apply-upload.ts';
import type { MasterDeps } from './master-deps.ts';

/** Keeps every conflict of an upload with base, both sides, policy and reason (P18, rule MERGE7). */
export async function recordUploadConflicts(
  deps: MasterDeps,
  context: ApplyContext,
  results: readonly AppliedChange[],
): Promise<void> {
  const records: ConflictRecord[] = [];
  for (const { change, conflict } of results) {
    const table = context.tables.get(change.table);
    if (conflict === null || table?.sync.recordConflicts !== true) continue;
    const base =
      change.baseVersion === undefined
        ? null
        : await context.tx.rowAt(change.table, change.id, change.baseVersion);
    records.push({
      id: deps.randomId(),
      table: change.table,
      recordId: change.id,
      slave: context.writer,
      columns: conflict.columns,
      base,
      master: conflict.master,
      incoming: conflict.incoming,
      policy: conflict.policy,
      reason: conflict.reason,
      outcome: conflict.outcome,
      state: conflict.state,
      at: context.nowIso,
    });
  }
  if (records.length > 0) {
    await context.tx.recordConflicts(records, { slave: '', transaction: context.transaction });
  }
}
