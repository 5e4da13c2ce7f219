import type { TableRegistry } from '../../../common/core/table-registry.ts';
import type { RequestIdentity } from '../../sync/identity.ts';
import type { SyncUseCases } from '../sync-use-cases.ts';

/** What a route is asked. */
export interface RouteRequest {
  readonly identity: RequestIdentity;
  readonly query: URLSearchParams;
  /** Reads and parses the body. @throws SyncError what `readJsonBody` throws. */
  readonly body: () => Promise<Readonly<Record<string, unknown>>>;
  readonly useCases: SyncUseCases;
  readonly tables: TableRegistry;
}

/** What a route answers, always with status 200. */
export type RouteAnswer =
  | { readonly kind: 'json'; readonly value: unknown }
  /** JSON text that goes out as it is. */
  | { readonly kind: 'text'; readonly text: string }
  /** Pieces of JSON text; nothing is sent before the first piece is there. */
  | { readonly kind: 'stream'; readonly pieces: AsyncIterable<string> };

/** One endpoint under `/api/sync`. Add yours to the registry. */
export interface SyncRoute {
  readonly method: 'GET' | 'POST';
  /** Below `/api/sync`, such as `/upload`. */
  readonly path: string;
  /** Whether a slave's identity is checked first (rules ID1 to ID3); only enrolling comes before that. */
  readonly needsExchange: boolean;
  readonly answer: (request: RouteRequest) => Promise<RouteAnswer>;
}
