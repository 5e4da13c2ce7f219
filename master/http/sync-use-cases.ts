import type { AcknowledgeRequest } from '../../common/protocol/acknowledge.ts';
import type { DigestAnswer, DigestRowsAnswer } from '../../common/protocol/digest.ts';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import type { EnrollAnswer, EnrollRequest } from '../../common/protocol/enroll.ts';
import type { UploadRequest } from '../../common/protocol/upload.ts';
import type { RequestIdentity } from '../sync/identity.ts';

/** A download page as the use case is asked for it. */
export interface PageQuery {
  readonly cursor?: string;
  readonly lastSyncedAt?: string;
  readonly tables?: readonly string[];
  readonly limit: number;
}

/** A whole download (rule DOWN5). */
export type WholeQuery = Omit<PageQuery, 'cursor' | 'limit'>;

/** What the HTTP shell calls; master/compose.ts binds it to the functions of master/sync. */
export interface SyncUseCases {
  beginExchange(identity: RequestIdentity): Promise<{ readonly nonce: string | null }>;
  /** @returns the answer's JSON text, which goes out as it is. */
  acceptUpload(identity: RequestIdentity, request: UploadRequest): Promise<string>;
  serveDownload(identity: RequestIdentity, query: PageQuery): Promise<DownloadAnswer>;
  /** Pieces of the answer's JSON text. */
  streamDownload(identity: RequestIdentity, query: WholeQuery): AsyncIterable<string>;
  recordAcknowledgement(identity: RequestIdentity, request: AcknowledgeRequest): Promise<void>;
  enrollSlave(identity: RequestIdentity, request: EnrollRequest): Promise<EnrollAnswer>;
  serveDigest(): Promise<DigestAnswer>;
  serveDigestRows(table: string, after: string | null): Promise<DigestRowsAnswer>;
}
