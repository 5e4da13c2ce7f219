import type { DownloadQuery } from '../../../common/protocol/download.ts';
import { readDownloadQuery } from '../download-query.ts';
import type { SyncRoute } from './route.ts';

const DEFAULT_LIMIT = 1000;

/** `GET download`: pages for slaves and for whoever asks with a cursor or a limit, else the whole answer (rule DOWN5). */
export const downloadRoute: SyncRoute = {
  method: 'GET',
  path: '/download',
  needsExchange: true,
  answer: async ({ identity, query, tables, useCases }) => {
    const wanted = readDownloadQuery(query, tables);
    if (identity.slave === null && isWhole(wanted)) {
      return { kind: 'stream', pieces: useCases.streamDownload(identity, wanted) };
    }
    const page = { ...wanted, limit: wanted.limit ?? DEFAULT_LIMIT };
    return { kind: 'json', value: await useCases.serveDownload(identity, page) };
  },
};

function isWhole(query: DownloadQuery): boolean {
  return query.cursor === undefined && query.limit === undefined;
}
