import { canonicalTime, millisOf } from '../../common/core/canonical-time.ts';
import type { IncomingChange } from '../../common/core/change.ts';
import { correctTimes } from '../../common/core/correct-times.ts';
import { canonicalRecordText, type HashedRecord } from '../../common/core/record-hash.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { UploadRequest } from '../../common/protocol/upload.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import type { RequestIdentity } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';
import { parseRecord, type ParsedRecord } from './parse-record.ts';

/** An upload as it is worked on: records read, times corrected, place in the slave's series known. */
export interface UploadBatch {
  /** Slave or plain client; empty for an anonymous plain client. */
  readonly writer: string;
  readonly records: readonly ParsedRecord[];
  readonly batchId: string | null;
  readonly contentHash: string;
  readonly recordHashes: readonly string[];
  /** Present for slaves: gapless operation numbers. */
  readonly series: {
    readonly incarnation: string;
    readonly first: number;
    readonly last: number;
  } | null;
  readonly epoch: string | null;
  readonly nowIso: string;
  readonly clockOffsetMs: number | null;
}

/**
 * Reads an upload request. Faults of single records stay with their record; only what makes the whole
 * unusable is thrown.
 *
 * @throws SyncError `protocol_version`, `sequence_gap`, `time_invalid`, `slave_forked`.
 */
export function readBatch(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: UploadRequest,
): UploadBatch {
  checkProtocol(request);
  const nowIso = deps.clock.nowIso();
  const sentAt = readSentAt(request);
  const parsed = request.records.map((record) => parseRecord(record, deps.tables, nowIso));
  const recordHashes = request.records.map((record) =>
    deps.sha256(canonicalRecordText(asHashed(record))).slice(0, 32),
  );
  const incarnation = incarnationOf(identity, request);
  const series = incarnation === undefined ? null : seriesOf(request, parsed, incarnation);
  return {
    writer: identity.name !== '' ? identity.name : (series?.incarnation ?? ''),
    records: withCorrectedTimes(parsed, sentAt, nowIso),
    batchId: batchIdOf(request, series),
    contentHash: deps.sha256(recordHashes.join('')).slice(0, 32),
    recordHashes,
    series,
    epoch: request.epoch ?? null,
    nowIso,
    clockOffsetMs: sentAt === null ? null : millisOf(nowIso) - millisOf(sentAt),
  };
}

function checkProtocol({ protocol }: UploadRequest): void {
  if (protocol === undefined || protocol === PROTOCOL_VERSION) return;
  throw new SyncError('protocol_version', `protocol ${protocol} is not spoken here`, {
    details: { supported: [PROTOCOL_VERSION] },
  });
}

/** Operation numbers without an incarnation belong to the one unnamed series of their writer. */
function incarnationOf(identity: RequestIdentity, request: UploadRequest): string | undefined {
  const stated = identity.slave?.incarnation;
  if (stated === undefined) {
    return request.incarnation ?? (request.first_op === undefined ? undefined : 'unnamed');
  }
  if (request.incarnation !== undefined && request.incarnation !== stated) {
    throw new SyncError('slave_forked', 'header and body name different incarnations');
  }
  return stated;
}

function batchIdOf(request: UploadRequest, series: UploadBatch['series']): string | null {
  if (request.batch_id !== undefined) return request.batch_id;
  return series === null ? null : `${series.first}-${series.last}`;
}

function readSentAt(request: UploadRequest): string | null {
  if (request.sent_at === undefined) return null;
  const time = canonicalTime(request.sent_at);
  if (!time.ok) throw new SyncError('time_invalid', `sent_at: ${time.detail}`);
  return String(time.value);
}

/** Operation numbers come from the envelope, from every record, or there are none. */
function seriesOf(
  request: UploadRequest,
  parsed: readonly ParsedRecord[],
  incarnation: string,
): UploadBatch['series'] {
  const operations = parsed.map((record) =>
    record.ok ? record.change.operation : record.operation,
  );
  const first = request.first_op ?? operations[0];
  if (first === undefined || parsed.length === 0) return null;
  const last = request.last_op ?? first + parsed.length - 1;
  const stray = operations.findIndex(
    (operation, index) => (operation ?? first + index) !== first + index,
  );
  if (stray >= 0 || last !== first + parsed.length - 1) {
    const expected = stray >= 0 ? first + stray : first + parsed.length - 1;
    throw new SyncError('sequence_gap', `operation ${expected} was expected`, {
      details: { expected_op: expected },
    });
  }
  return { incarnation, first, last };
}

function withCorrectedTimes(
  parsed: readonly ParsedRecord[],
  sentAt: string | null,
  nowIso: string,
): readonly ParsedRecord[] {
  const changes = parsed.flatMap((record) => (record.ok ? [record.change] : []));
  const times = correctTimes(
    changes.map((change) => change.changedAt),
    sentAt,
    nowIso,
  );
  const corrected = new Map<IncomingChange, IncomingChange>(
    changes.map((change, index) => [change, { ...change, changedAt: times[index] ?? nowIso }]),
  );
  return parsed.map((record) =>
    record.ok ? { ok: true, change: corrected.get(record.change) ?? record.change } : record,
  );
}

/** Hashing takes any JSON; what is no record hashes as itself. */
function asHashed(record: unknown): HashedRecord {
  return typeof record === 'object' && record !== null && !Array.isArray(record)
    ? (record as HashedRecord)
    : { table: '', id: '', action: JSON.stringify(record) ?? '' };
}
