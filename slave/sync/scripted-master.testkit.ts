import type { Row } from '../../common/core/table-definition.ts';
import type { AcknowledgeRequest } from '../../common/protocol/acknowledge.ts';
import type { DigestAnswer, DigestRowsAnswer } from '../../common/protocol/digest.ts';
import type {
  DownloadAnswer,
  DownloadQuery,
  DownloadRecord,
} from '../../common/protocol/download.ts';
import type { EnrollAnswer, EnrollRequest } from '../../common/protocol/enroll.ts';
import type { UploadAnswer, UploadResult } from '../../common/protocol/upload.ts';
import type {
  Answer,
  ExchangeIdentity,
  MasterClient,
  SlaveUpload,
} from '../transport/master-client.ts';
import { NOON } from './sync-builders.testkit.ts';

/** What a test lets the master say: an answer, or an error to be thrown. */
type Scripted<Q, A> = (question: Q) => A;

/** A master that says what a test scripts, and otherwise takes everything and has nothing new. */
export interface ScriptedMaster {
  readonly client: MasterClient;
  readonly uploads: SlaveUpload[];
  readonly downloads: DownloadQuery[];
  readonly acknowledgements: AcknowledgeRequest[];
  readonly enrollments: EnrollRequest[];
  readonly identities: ExchangeIdentity[];
  /** Answers to the next requests of each kind, in order. */
  readonly onUpload: Scripted<SlaveUpload, Partial<UploadAnswer>>[];
  readonly onDownload: Scripted<DownloadQuery, Partial<DownloadAnswer>>[];
  readonly onAcknowledge: Scripted<AcknowledgeRequest, void>[];
  readonly onEnroll: Scripted<EnrollRequest, Partial<EnrollAnswer>>[];
  readonly digest: {
    answer: DigestAnswer;
    rows: Readonly<Record<string, DigestRowsAnswer['rows']>>;
  };
  epoch: string;
  /** Newest position; grows with every accepted record. */
  head: number;
}

/** Makes a {@link ScriptedMaster} whose history begins at position 10. */
export function scriptedMaster(): ScriptedMaster {
  const master: ScriptedMaster = {
    client: {
      upload: (upload, identity) => ask(master, identity, () => answerUpload(master, upload)),
      download: (query, identity) => ask(master, identity, () => answerDownload(master, query)),
      acknowledge: (request, identity) =>
        ask(master, identity, () => {
          master.acknowledgements.push(request);
          master.onAcknowledge.shift()?.(request);
          return { acknowledged: true as const };
        }),
      enroll: (request, identity) =>
        ask(master, identity, () => {
          master.enrollments.push(request);
          const scripted = master.onEnroll.shift()?.(request) ?? {};
          return { epoch: master.epoch, known: [], unverifiable: [], ...scripted };
        }),
      digest: (identity) => ask(master, identity, () => master.digest.answer),
      digestRows: (table, after, identity) =>
        ask(master, identity, () => {
          const rows = (master.digest.rows[table] ?? []).filter(
            (row) => after === null || row.id > after,
          );
          return { rows: rows.slice(0, 2), has_more: rows.length > 2 };
        }),
      ready: () => Promise.resolve({ body: { status: 'ok' }, meta: metaOf(master, null) }),
      close: () => undefined,
    },
    uploads: [],
    downloads: [],
    acknowledgements: [],
    enrollments: [],
    identities: [],
    onUpload: [],
    onDownload: [],
    onAcknowledge: [],
    onEnroll: [],
    digest: { answer: { position: 0, tables: [] }, rows: {} },
    epoch: 'e1',
    head: 10,
  };
  return master;
}

/** A record of a page. */
export function pageRecord(row: Row, version: number, table = 'goods'): DownloadRecord {
  return {
    table,
    id: String(row['id']),
    action: 'update',
    data: { ...row },
    version,
    updated_at: NOON,
  };
}

/** A record that says that a row is gone. */
export function deletedRecord(id: string, version: number, table = 'goods'): DownloadRecord {
  return { table, id, action: 'delete', data: null, version, updated_at: NOON };
}

/** The result for every record of an upload, as `change` makes it from the one that says "applied". */
export function resultsOf(
  upload: SlaveUpload,
  change: (result: UploadResult, index: number) => UploadResult,
): Partial<UploadAnswer> {
  return {
    results: upload.records.map((record, index) =>
      change(appliedResult(record, 11 + index), index),
    ),
  };
}

function appliedResult(record: SlaveUpload['records'][number], version: number): UploadResult {
  const { table, id, op } = record;
  return { table, id, status: 'applied', version, ...(op === undefined ? {} : { op }) };
}

function answerUpload(master: ScriptedMaster, upload: SlaveUpload): UploadAnswer {
  master.uploads.push(upload);
  const scripted = master.onUpload.shift()?.(upload) ?? {};
  const results = upload.records.map((record) => {
    master.head += 1;
    return appliedResult(record, master.head);
  });
  const counts = { accepted: results.length, rejected: 0, conflicts: 0 };
  return { batch_id: upload.batch_id, ...counts, results, timestamp: NOON, ...scripted };
}

function answerDownload(master: ScriptedMaster, query: DownloadQuery): DownloadAnswer {
  master.downloads.push(query);
  const scripted = master.onDownload.shift()?.(query) ?? {};
  const position = scripted.position ?? master.head;
  return {
    records: [],
    cursor: `${master.epoch}.${position}`,
    has_more: false,
    timestamp: NOON,
    position,
    ...scripted,
  };
}

async function ask<T>(
  master: ScriptedMaster,
  identity: ExchangeIdentity,
  answer: () => T,
): Promise<Answer<T>> {
  master.identities.push(identity);
  // A real master answers later, never at once.
  await Promise.resolve();
  return { body: answer(), meta: metaOf(master, identity.exchangeId) };
}

function metaOf(master: ScriptedMaster, exchangeId: string | null): Answer<unknown>['meta'] {
  const nonce = exchangeId === null ? null : `nonce-of-${exchangeId}`;
  return { epoch: master.epoch, nonce, bytesSent: 10, bytesReceived: 20, durationMs: 1 };
}
