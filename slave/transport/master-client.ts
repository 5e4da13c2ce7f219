import type { AcknowledgeRequest } from '../../common/protocol/acknowledge.ts';
import type { DigestAnswer, DigestRowsAnswer } from '../../common/protocol/digest.ts';
import type { DownloadAnswer, DownloadQuery } from '../../common/protocol/download.ts';
import type { EnrollAnswer, EnrollRequest } from '../../common/protocol/enroll.ts';
import type { UploadAnswer, UploadRecord } from '../../common/protocol/upload.ts';

/** Who asks, sent as headers with every request (rule ID1). */
export interface ExchangeIdentity {
  readonly incarnation: string;
  readonly nonce: string | null;
  /** Only on a cycle's first request; written down before it is sent. */
  readonly exchangeId: string | null;
}

/** What came beside an answer's body. */
export interface AnswerMeta {
  /** The master's epoch. */
  readonly epoch: string;
  /** Nonce to present next time; null where the request had no exchange id. */
  readonly nonce: string | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly durationMs: number;
}

/** A checked answer. */
export interface Answer<T> {
  readonly body: T;
  readonly meta: AnswerMeta;
}

/** What a slave uploads, with the envelope that exactness needs. */
export interface SlaveUpload {
  readonly records: readonly UploadRecord[];
  readonly protocol: number;
  readonly incarnation: string;
  readonly epoch: string | null;
  readonly batch_id: string;
  readonly first_op: number;
  readonly last_op: number;
  readonly sent_at: string;
}

/**
 * The slave's way to its master. Each call is one HTTP exchange without retry; answers are checked against the
 * protocol's schemas, so a resolved promise means a real master understood.
 *
 * @throws SyncError the master's own code (`epoch_changed`, `auth_invalid`, ...) or a `transport_` code; never an
 * AxiosError, never with the token in it. `transport_cancelled` when `signal` aborts.
 */
export interface MasterClient {
  /** `POST upload` of one batch. */
  upload(
    upload: SlaveUpload,
    identity: ExchangeIdentity,
    signal: AbortSignal,
  ): Promise<Answer<UploadAnswer>>;
  /** `GET download` of one page. */
  download(
    query: DownloadQuery,
    identity: ExchangeIdentity,
    signal: AbortSignal,
  ): Promise<Answer<DownloadAnswer>>;
  /** `POST acknowledge`. */
  acknowledge(
    request: AcknowledgeRequest,
    identity: ExchangeIdentity,
    signal: AbortSignal,
  ): Promise<Answer<{ readonly acknowledged: true }>>;
  /** `POST enroll` (rule ID4). */
  enroll(
    request: EnrollRequest,
    identity: ExchangeIdentity,
    signal: AbortSignal,
  ): Promise<Answer<EnrollAnswer>>;
  /** `GET digest` of all tables (rule VER1). */
  digest(identity: ExchangeIdentity, signal: AbortSignal): Promise<Answer<DigestAnswer>>;
  /** `GET digest/rows` of one table, in key order. */
  digestRows(
    table: string,
    after: string | null,
    identity: ExchangeIdentity,
    signal: AbortSignal,
  ): Promise<Answer<DigestRowsAnswer>>;
  /** Is a ready master there? Resolves with its epoch. */
  ready(signal: AbortSignal): Promise<Answer<{ readonly status: string }>>;
  /** Closes idle connections. */
  close(): void;
}
