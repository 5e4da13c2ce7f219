import { z } from 'zod';
import { SyncError } from '../../common/core/sync-error.ts';
import { acknowledgeAnswerSchema } from '../../common/protocol/acknowledge.ts';
import { digestAnswerSchema, digestRowsAnswerSchema } from '../../common/protocol/digest.ts';
import {
  downloadAnswerSchema,
  type DownloadAnswer,
  type DownloadRecord,
} from '../../common/protocol/download.ts';
import { enrollAnswerSchema } from '../../common/protocol/enroll.ts';
import { uploadAnswerSchema, type UploadAnswer } from '../../common/protocol/upload.ts';
import type { SlaveUpload } from './master-client.ts';

/** Most records that a page may hold: a page may exceed its limit to end with a transaction, but not without end. */
const MAX_PAGE_RECORDS = 100_000;

/** Longest cursor that is kept. */
const MAX_CURSOR_LENGTH = 512;

/** Turns parsed JSON into a checked answer; throws SyncError `transport_invalid_answer`. */
export type AnswerCheck<T> = (body: unknown) => T;

/** Checks an answer with one of the protocol's schemas. */
function checkWith<T>(schema: z.ZodType<T>): AnswerCheck<T> {
  return (body) => {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`);
  };
}

/** Answer of `POST acknowledge`. */
export const checkAcknowledge = checkWith(acknowledgeAnswerSchema);
/** Answer of `POST enroll`. */
export const checkEnroll = checkWith(enrollAnswerSchema);
/** Answer of `GET digest`. */
export const checkDigest = checkWith(digestAnswerSchema);
/** Answer of `GET digest/rows`. */
export const checkDigestRows = checkWith(digestRowsAnswerSchema);
/** Answer of `GET readyz`. */
export const checkReady = checkWith(z.object({ status: z.string() }));

const checkUploadShape = checkWith(uploadAnswerSchema);
const checkPageEnvelope = checkWith(downloadAnswerSchema.extend({ records: z.array(z.unknown()) }));

/** Checks an upload's answer against what was sent: same batch, one result per record, in order (F25). */
export function checkUpload(upload: SlaveUpload): AnswerCheck<UploadAnswer> {
  return (body) => {
    const answer = checkUploadShape(body);
    if (answer.batch_id !== upload.batch_id) refuse('it answers another batch');
    if (answer.results.length !== upload.records.length) {
      refuse(`${answer.results.length} results for ${upload.records.length} records`);
    }
    for (const [index, result] of answer.results.entries()) {
      const sent = upload.records[index];
      if (sent?.table !== result.table || sent.id !== result.id)
        refuse(`result ${index} is not for record ${index}`);
      if (result.row !== undefined && result.row !== null)
        checkValues(result.row, `results.${index}.row`);
    }
    return answer;
  };
}

/**
 * Checks a download page: the envelope with the schema, thousands of records by hand, since that is ten times faster.
 * Values must be plain (no lists, no objects), so nothing nested ever reaches the database.
 */
export function checkDownload(body: unknown): DownloadAnswer {
  const envelope = checkPageEnvelope(body);
  if (envelope.records.length > MAX_PAGE_RECORDS)
    refuse(`a page of ${envelope.records.length} records`);
  if (envelope.cursor.length > MAX_CURSOR_LENGTH)
    refuse(`a cursor of ${envelope.cursor.length} characters`);
  if (!Number.isSafeInteger(envelope.position) || envelope.position < 0)
    refuse('position: not a position');
  const records: DownloadRecord[] = [];
  for (const [index, record] of envelope.records.entries()) {
    if (!isRecord(record)) refuse(`records.${index}: not a record`);
    else {
      if (record.data !== null) checkValues(record.data, `records.${index}.data`);
      records.push(record);
    }
  }
  return { ...envelope, records };
}

function isRecord(value: unknown): value is DownloadRecord {
  if (!isObject(value)) return false;
  const { table, id, action, version, updated_at: updatedAt, data } = value;
  if (typeof table !== 'string' || typeof id !== 'string' || typeof updatedAt !== 'string')
    return false;
  if (!Number.isSafeInteger(version)) return false;
  if (action === 'delete') return data === null;
  return (action === 'create' || action === 'update') && isObject(data);
}

function checkValues(row: Readonly<Record<string, unknown>>, where: string): void {
  if (Object.hasOwn(row, '__proto__')) refuse(`${where}: a column __proto__`);
  for (const name of Object.keys(row)) {
    const value = row[name];
    if (value !== null && typeof value === 'object') refuse(`${where}: a nested value`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(reason: string): never {
  throw new SyncError(
    'transport_invalid_answer',
    `the master's answer is not in the agreed form: ${reason}`,
  );
}
