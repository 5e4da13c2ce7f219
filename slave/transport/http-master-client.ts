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
} from './check-answers.ts';
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts';
import type { MasterClient } from './master-client.ts';

/** Talks to the master over HTTP; see {@link MasterClient} for what it guarantees. */
export function createHttpMasterClient(options: HttpConnectionOptions): MasterClient {
  const connection = new HttpConnection(options);
  const get = { method: 'GET' } as const;
  const post = { method: 'POST' } as const;
  const path = (endpoint: string): { readonly path: string } => ({ path: `${API_PATH}/${endpoint}` });
  return {
    upload: (body, identity, signal) =>
      connection.exchange({ ...post, ...path('upload'), body, identity, signal, check: checkUpload(body) }),
    download: (query, identity, signal) =>
      connection.exchange({ ...get, ...path('download'), query: downloadQuery(query), identity, signal, check: checkDownload }),
    acknowledge: (body, identity, signal) =>
      connection.exchange({ ...post, ...path('acknowledge'), body, identity, signal, check: checkAcknowledge }),
    enroll: (body, identity, signal) =>
      connection.exchange({ ...post, ...path('enroll'), body, identity, signal, check: checkEnroll }),
    digest: (identity, signal) =>
      connection.exchange({ ...get, ...path('digest'), identity, signal, check: checkDigest }),
    digestRows: (table, after, identity, signal) => {
      const query = new URLSearchParams(after === null ? { table } : { table, after });
      return connection.exchange({ ...get, ...path('digest/rows'), query, identity, signal, check: checkDigestRows });
    },
    ready: (signal) => connection.exchange({ ...get, path: '/readyz', signal, check: checkReady }),
    close: () => connection.close(),
  };
}

function downloadQuery(query: DownloadQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.lastSyncedAt !== undefined) search.set('last_synced_at', query.lastSyncedAt);
  if (query.tables !== undefined) search.set('tables', query.tables.join(','));
  if (query.cursor !== undefined) search.set('cursor', query.cursor);
  if (query.limit !== undefined) search.set('limit', String(query.limit));
  return search;
}
