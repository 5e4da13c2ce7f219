import type { Row } from '../../common/core/table-definition.ts';
import type { UploadAnswer, UploadResult } from '../../common/protocol/upload.ts';
import type { AppliedChange } from './apply-upload.ts';
import type { ParsedRecord } from './parse-record.ts';
import type { UploadBatch } from './upload-batch.ts';
import { rowKey } from './upload-state.ts';

/** The answer's JSON text. */
export function answerOf(batch: UploadBatch, results: readonly UploadResult[]): string {
  const rejected = results.filter(({ status }) => status === 'rejected').length;
  const answer: UploadAnswer = {
    batch_id: batch.batchId,
    accepted: results.length - rejected,
    rejected,
    conflicts: results.filter(({ status }) => status === 'conflict').length,
    results: [...results],
    timestamp: batch.nowIso,
  };
  return JSON.stringify(answer);
}

/**
 * One result per record, in order.
 *
 * @param applied what became of the records that could be read, in order.
 * @param after rows and versions by `table/id` after the upload.
 */
export function resultsOf(
  records: readonly ParsedRecord[],
  applied: readonly AppliedChange[],
  after: {
    readonly rows: ReadonlyMap<string, Row | null>;
    readonly versions: ReadonlyMap<string, number>;
  },
): readonly UploadResult[] {
  let next = 0;
  return records.map((record): UploadResult => {
    if (!record.ok) {
      const { table, id, operation, code, detail } = record;
      return {
        table,
        id,
        ...withOperation(operation),
        status: 'rejected',
        version: null,
        error: { code, detail },
      };
    }
    const result = applied[next];
    next += 1;
    if (result === undefined) throw new Error('a record has no result');
    const { table, id, operation } = record.change;
    const key = rowKey(table, id);
    const version = after.versions.get(key) ?? null;
    const place = { table, id, ...withOperation(operation), status: result.status, version };
    if (result.error !== undefined) return { ...place, error: { ...result.error } };
    return result.status === 'applied' ? place : { ...place, row: after.rows.get(key) ?? null };
  });
}

function withOperation(operation: number | undefined): { op?: number } {
  return operation === undefined ? {} : { op: operation };
}
