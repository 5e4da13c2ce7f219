import { judgeSequence, type AnsweredBatch } from '../../common/core/operation-sequence.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { UploadAnswer, UploadRequest, UploadResult } from '../../common/protocol/upload.ts';
import { uploadAnswerSchema } from '../../common/protocol/upload.ts';
import type { MasterWriteTx, SlaveState, StoredBatch } from '../../common/storage/master-store.ts';
import { applyUpload } from './apply-upload.ts';
import { newSlaveState } from './begin-exchange.ts';
import type { RequestIdentity } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';
import { recordUploadConflicts } from './record-upload-conflicts.ts';
import { answerOf, resultsOf } from './upload-answer.ts';
import { readBatch, type UploadBatch } from './upload-batch.ts';
import { loadUploadState } from './upload-state.ts';

/**
 * Takes an upload: everything it does and the answer to it are one transaction (rules ONCE1 to ONCE4).
 *
 * @returns the answer's JSON text; a repeated batch gets the same one, byte for byte.
 * @throws SyncError `epoch_changed`, `slave_forked`, `slave_rewound`, `sequence_gap`, `batch_id_reused`, `protocol_version`.
 */
export async function acceptUpload(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: UploadRequest,
): Promise<string> {
  const batch = readBatch(deps, identity, request);
  if (batch.records.length === 0) return answerOf(batch, []);
  return deps.store.write(async (tx) => {
    await checkEpoch(tx, batch);
    return batch.series === null
      ? acceptPlain(deps, tx, batch)
      : acceptSeries(deps, tx, batch, batch.series);
  });
}

async function checkEpoch(tx: MasterWriteTx, batch: UploadBatch): Promise<void> {
  if (batch.epoch === null) return;
  const epoch = await tx.epoch();
  if (epoch !== batch.epoch) {
    throw new SyncError('epoch_changed', 'the master has begun a new history', {
      details: { epoch },
    });
  }
}

async function acceptPlain(
  deps: MasterDeps,
  tx: MasterWriteTx,
  batch: UploadBatch,
): Promise<string> {
  if (batch.batchId !== null) {
    await tx.lockBatch(batch.writer, batch.batchId);
    const stored = await tx.batchById(batch.writer, '', batch.batchId);
    if (stored !== null && stored.contentHash !== batch.contentHash) throw reused(batch.batchId);
    if (stored !== null) return stored.answer;
  }
  const answer = answerOf(batch, await applyFrom(deps, tx, batch, 0));
  if (batch.batchId !== null) await tx.storeBatch(storedBatch(batch, '', answer));
  return answer;
}

async function acceptSeries(
  deps: MasterDeps,
  tx: MasterWriteTx,
  batch: UploadBatch,
  series: NonNullable<UploadBatch['series']>,
): Promise<string> {
  const known = await tx.lockSlave(batch.writer);
  if (known !== null && known.incarnation !== series.incarnation) {
    throw new SyncError('slave_forked', `the name ${batch.writer} belongs to another database`);
  }
  const state = known ?? newSlaveState(batch.writer, series.incarnation, batch.nowIso);
  const answered = await answeredBatches(tx, batch, series);
  const verdict = judgeSequence(
    state.lastOperation,
    { ...batch, batchId: batch.batchId ?? '', first: series.first, last: series.last },
    answered,
  );
  switch (verdict.kind) {
    case 'stored':
      return verdict.answer;
    case 'batch_id_reused':
      throw reused(batch.batchId ?? '');
    case 'gap':
      throw new SyncError(
        'sequence_gap',
        `operation ${verdict.expected} was expected, ${series.first} came`,
        {
          details: { expected_op: verdict.expected },
        },
      );
    case 'rewound':
      throw new SyncError(
        'slave_rewound',
        `operation ${verdict.operation} came before with other content`,
        {
          details: { operation: verdict.operation },
        },
      );
    case 'new':
      return applySeries(deps, tx, { batch, state, known: 0, answered });
    case 'overlap':
      return applySeries(deps, tx, { batch, state, known: verdict.known, answered });
  }
}

async function applySeries(
  deps: MasterDeps,
  tx: MasterWriteTx,
  work: {
    readonly batch: UploadBatch;
    readonly state: SlaveState;
    /** Records at the beginning that were applied before. */
    readonly known: number;
    readonly answered: readonly AnsweredBatch[];
  },
): Promise<string> {
  const { batch, state, known, answered } = work;
  const duplicates = duplicateResults(batch, known, answered);
  const answer = answerOf(batch, [...duplicates, ...(await applyFrom(deps, tx, batch, known))]);
  await tx.saveSlave({
    ...state,
    lastOperation: Math.max(state.lastOperation, batch.series?.last ?? 0),
    lastContactAt: batch.nowIso,
    clockOffsetMs: batch.clockOffsetMs,
  });
  if (known < batch.records.length)
    await tx.storeBatch(storedBatch(batch, state.incarnation, answer));
  return answer;
}

/** Applies the records from an index on and gives their results. */
async function applyFrom(
  deps: MasterDeps,
  tx: MasterWriteTx,
  batch: UploadBatch,
  from: number,
): Promise<readonly UploadResult[]> {
  const records = batch.records.slice(from);
  const changes = records.flatMap((record) => (record.ok ? [record.change] : []));
  if (changes.length === 0) return resultsOf(records, [], { rows: new Map(), versions: new Map() });
  const state = await loadUploadState(tx, changes);
  const transaction =
    batch.batchId === null
      ? deps.randomId()
      : `${batch.writer}:${batch.batchId}:${deps.randomId().slice(0, 8)}`;
  const context = {
    tx,
    state,
    tables: deps.tables.byName,
    writer: batch.writer,
    nowIso: batch.nowIso,
    transaction,
  };
  const applied = await applyUpload(context, changes);
  await tx.noteChanges(applied.notes);
  await recordUploadConflicts(deps, context, applied.results);
  const written = await tx.numberOwnChanges(batch.nowIso);
  return resultsOf(records, applied.results, { rows: state.rows, versions: written });
}

function duplicateResults(
  batch: UploadBatch,
  known: number,
  answered: readonly AnsweredBatch[],
): readonly UploadResult[] {
  const former = new Map<number, UploadResult>();
  for (const stored of answered) {
    const answer: UploadAnswer = uploadAnswerSchema.parse(JSON.parse(stored.answer));
    for (const result of answer.results) if (result.op !== undefined) former.set(result.op, result);
  }
  return batch.records.slice(0, known).map((record, index): UploadResult => {
    const op = (batch.series?.first ?? 1) + index;
    const { table, id } = record.ok ? record.change : record;
    const result = former.get(op);
    // What was rejected had no effect, so its sender must go on keeping it.
    if (result?.status === 'rejected') return result;
    const row = result?.row === undefined ? {} : { row: result.row };
    return { table, id, op, status: 'duplicate', version: result?.version ?? null, ...row };
  });
}

async function answeredBatches(
  tx: MasterWriteTx,
  batch: UploadBatch,
  series: NonNullable<UploadBatch['series']>,
): Promise<readonly AnsweredBatch[]> {
  const covering = await tx.batchesCovering(
    batch.writer,
    series.incarnation,
    series.first,
    series.last,
  );
  const same = await tx.batchById(batch.writer, series.incarnation, batch.batchId ?? '');
  const all =
    same === null
      ? covering
      : [...covering.filter(({ batchId }) => batchId !== same.batchId), same];
  return all.map((stored) => ({
    batchId: stored.batchId,
    first: stored.firstOperation ?? 0,
    last: stored.lastOperation ?? 0,
    contentHash: stored.contentHash,
    recordHashes: stored.recordHashes,
    answer: stored.answer,
  }));
}

function storedBatch(batch: UploadBatch, incarnation: string, answer: string): StoredBatch {
  return {
    slave: batch.writer,
    incarnation,
    batchId: batch.batchId ?? '',
    firstOperation: batch.series?.first ?? null,
    lastOperation: batch.series?.last ?? null,
    contentHash: batch.contentHash,
    recordHashes: batch.recordHashes,
    answer,
    createdAt: batch.nowIso,
  };
}

function reused(batchId: string): SyncError {
  return new SyncError('batch_id_reused', `batch ${batchId} came before with other content`);
}
