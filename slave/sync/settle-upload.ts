import { grown } from '../../common/core/adaptive-size.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { UploadCounts } from '../../common/core/sync-report.ts';
import type { UploadAnswer, UploadResult } from '../../common/protocol/upload.ts';
import { MAX_RECORDS } from '../../common/protocol/version.ts';
import type { Shadow, SlaveSyncState, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { Answer } from '../transport/master-client.ts';
import { sentKey } from './build-record.ts';
import type { PreparedBatch } from './cut-batch.ts';
import { settledExchange } from './exchange.ts';
import type { IncomingRow } from './incoming-row.ts';
import { msFromIso } from './iso-time.ts';
import { loadLocalWork } from './local-work.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import { settleRow, type EntryResult, type RowSettlement } from './settle-row.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** An answer with the time, by our clock, halfway between question and answer. */
export type TimedAnswer = Answer<UploadAnswer> & { readonly middleMs: number };

/**
 * Deals with an upload's answer in one transaction: accepted changes leave the outbox, rejected ones are set aside,
 * rows that the master changed on arrival are shown as they are there (rules REBASE1, REJ1, ECHO2).
 *
 * @throws SyncError `transport_invalid_answer` when the answer does not fit the batch, `epoch_changed`.
 */
export async function settleUpload(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  prepared: PreparedBatch,
  answer: TimedAnswer,
): Promise<UploadCounts> {
  const state = await tx.state();
  const exchange = settledExchange(state, answer.meta);
  const results = matchResults(prepared, answer.body);
  const settlements = await settleRows(tx, deps, results, state);
  // From here on the outbox holds only what was not in this batch, and the set-aside changes are complete.
  const refused = results.filter(({ result }) => result.status === 'rejected');
  const { lastOperation } = prepared.batch;
  await tx.keepSent(
    lastOperation,
    refused.map(({ entry }) => entry.operation),
  );
  await tx.clearOutbox(lastOperation);
  await tx.saveBatch(prepared.rest);
  await writeSettlements(tx, deps, settlements);
  const isProgress = results.some(
    ({ entry, result }) => !entry.isVoid && result.status !== 'rejected',
  );
  await tx.patchState({
    ...exchange,
    clockOffsetMs: offsetMs(answer, state),
    progressCounter: state.progressCounter + (isProgress ? 1 : 0),
    batchLimit: grownLimit(prepared, state, deps),
  });
  return countResults(results);
}

function matchResults(prepared: PreparedBatch, answer: UploadAnswer): readonly EntryResult[] {
  const { entries } = prepared;
  if (answer.results.length !== entries.length) {
    throw invalid(`${answer.results.length} results came for ${entries.length} records`);
  }
  return entries.map((entry, index) => {
    const result = answer.results[index];
    const fits =
      result?.table === entry.table &&
      result.id === sentKey(entry) &&
      (result.op ?? entry.operation) === entry.operation;
    if (!fits) throw invalid(`result ${index} is not for operation ${entry.operation}`);
    return { entry, result };
  });
}

function invalid(reason: string): SyncError {
  return new SyncError('transport_invalid_answer', `the answer does not fit the upload: ${reason}`);
}

async function settleRows(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  results: readonly EntryResult[],
  state: SlaveSyncState,
): Promise<readonly RowSettlement[]> {
  const settlements: RowSettlement[] = [];
  const now = deps.clock.nowIso();
  const sent = results.filter(({ entry }) => !entry.isVoid);
  for (const [name, own] of Map.groupBy(sent, ({ entry }) => entry.table)) {
    const table = deps.tables.byName.get(name);
    if (table === undefined) continue;
    const byId = Map.groupBy(own, ({ entry }) => entry.id);
    const shadows = await tx.shadows(name, [...byId.keys()]);
    const refused = await refusedShadows(tx, name, [...byId.keys()]);
    for (const [id, rowResults] of byId) {
      const shadow = shadows.get(id) ?? refused.get(id);
      // What came down while the answer was awaited is not shown yet (rule REBASE2).
      const isTouched = shadow !== undefined;
      settlements.push(settleRow({ table, shadow, isTouched, results: rowResults, state, now }));
    }
  }
  return settlements;
}

/** Rows of the master that this database refused: the master merged our changes with them, not with what we show. */
async function refusedShadows(
  tx: SlaveWriteTx,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Shadow>> {
  if ((await tx.rejected({ direction: 'down', limit: 1 })).length === 0) return new Map();
  const refused = await tx.rejected({ direction: 'down', table, ids });
  return new Map(
    refused.map(({ id, row, version }) => [id, { table, id, row, version: version ?? 0 }]),
  );
}

async function writeSettlements(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  settlements: readonly RowSettlement[],
): Promise<void> {
  await tx.addRejected(settlements.flatMap((settled) => settled.rejected));
  await tx.saveShadows(
    settlements.flatMap((settled) => (settled.shadow === undefined ? [] : [settled.shadow])),
  );
  await tx.acknowledge(
    settlements.flatMap(({ table, id, version }) =>
      version === null ? [] : [{ table: table.name, id, version }],
    ),
  );
  const touched: IncomingRow[] = [];
  for (const [table, own] of Map.groupBy(settlements, (settled) => settled.table)) {
    const restored = await missingIds(tx, table.name, own);
    for (const settled of own) {
      const isDue = settled.isTouched || restored.has(settled.id);
      if (!isDue || settled.shadow === undefined) continue;
      touched.push({
        table,
        id: settled.id,
        row: settled.shadow.row,
        version: settled.shadow.version,
      });
    }
  }
  await makeRowsTrue(tx, deps, touched);
  await tx.pruneShadows();
}

/** Rows that had made way for others while they were set aside, and are now accepted. */
async function missingIds(
  tx: SlaveWriteTx,
  table: string,
  settlements: readonly RowSettlement[],
): Promise<ReadonlySet<string>> {
  const ids = settlements.filter((settled) => settled.wasSetAside).map((settled) => settled.id);
  if (ids.length === 0) return new Set();
  const present = await tx.rows(table, ids);
  const work = await loadLocalWork(tx, table, ids);
  return new Set(ids.filter((id) => !present.has(id) && !work.has(id)));
}

function offsetMs(answer: TimedAnswer, state: SlaveSyncState): number | null {
  const masterMs = msFromIso(answer.body.timestamp);
  return masterMs === undefined ? state.clockOffsetMs : Math.round(masterMs - answer.middleMs);
}

function grownLimit(prepared: PreparedBatch, state: SlaveSyncState, deps: SlaveDeps): number {
  const isFull = prepared.entries.length >= state.batchLimit;
  return isFull ? grown(state.batchLimit, Math.min(MAX_RECORDS, deps.batchSize)) : state.batchLimit;
}

function countResults(results: readonly EntryResult[]): UploadCounts {
  const sent = results.filter(({ entry }) => !entry.isVoid);
  const count = (status: UploadResult['status']): number =>
    sent.filter(({ result }) => result.status === status).length;
  return {
    records: sent.length,
    applied: count('applied'),
    merged: count('merged'),
    duplicates: count('duplicate'),
    conflicts: count('conflict'),
    rejected: count('rejected'),
  };
}
