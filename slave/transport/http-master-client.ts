import type { DownloadQuery } from '../../common/protocol/download.ts';
import { API_PATH } from '../../common/protocol/version.ts';
import {
  checkAcknowledge,
  checkDigest,
  checkDigestRows,
  checkDownload,
  checkEnroll,
  checkReady,
  checkUpload,
  type AnswerCheck,
} from './check-answers.ts';
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts';
import type { Answer, ExchangeIdentity, MasterClient } from './master-client.ts';

/** Talks to the master over HTTP; see {@link MasterClient} for what it guarantees. */
export function createHttpMasterClient(options: HttpConnectionOptions): MasterClient {
  const connection = new HttpConnection(options);
  const ask = (identity: ExchangeIdentity, signal: AbortSignal): Asker => ({
    post: (endpoint, body, check) =>
      connection.exchange({
        method: 'POST',
        path: pathOf(endpoint),
        body,
        identity,
        signal,
        check,
      }),
    get: (endpoint, query, check) =>
      connection.exchange({
        method: 'GET',
        path: pathOf(endpoint),
        query,
        identity,
        signal,
        check,
      }),
  });
  return {
    upload: (body, identity, signal) =>
      ask(identity, signal).post('upload', body, checkUpload(body)),
    download: (query, identity, signal) =>
      ask(identity, signal).get('download', downloadQuery(query), checkDownload),
    acknowledge: (body, identity, signal) =>
      ask(identity, signal).post('acknowledge', body, checkAcknowledge),
    enroll: (body, identity, signal) => ask(identity, signal).post('enroll', body, checkEnroll),
    digest: (identity, signal) =>
      ask(identity, signal).get('digest', new URLSearchParams(), checkDigest),
    digestRows: (table, after, identity, signal) => {
      const query = new URLSearchParams(after === null ? { table } : { table, after });
      return ask(identity, signal).get('digest/rows', query, checkDigestRows);
    },
    ready: (signal) =>
      connection.exchange({ method: 'GET', path: pathOf('readyz'), signal, check: checkReady }),
    close: () => connection.close(),
  };
}

interface Asker {
  readonly post: <T>(endpoint: string, body: object, check: AnswerCheck<T>) => Promise<Answer<T>>;
  readonly get: <T>(
    endpoint: string,
    query: URLSearchParams,
    check: AnswerCheck<T>,
  ) => Promise<Answer<T>>;
}

function pathOf(endpoint: string): string {
  return `${API_PATH}/${endpoint}`;
}

function downloadQuery(query: DownloadQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.lastSyncedAt !== undefined) search.set('last_synced_at', query.lastSyncedAt);
  if (query.tables !== undefined) search.set('tables', query.tables.join(','));
  if (query.cursor !== undefined) search.set('cursor', query.cursor);
  if (query.limit !== undefined) search.set('limit', String(query.limit));
  return search;
}
