import type { Middleware, ParameterizedContext } from 'koa';
import type { Logger } from '../../common/core/logger.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { RequestIdentity } from '../sync/identity.ts';

/** What one middleware leaves for the next. */
export interface RequestState {
  requestId: string;
  log: Logger;
  /** Who asks, by token or by its own word; set by the authentication. */
  name?: string;
  /** The name with what the slave's headers say; set when they are read. */
  identity?: RequestIdentity;
  /** Code of the problem that was answered. */
  code?: string;
}

/** A Koa middleware of this program. */
export type SyncMiddleware = Middleware<RequestState>;

/** A Koa context of this program. */
export type SyncContext = ParameterizedContext<RequestState>;

/** Who asks. @throws SyncError `internal_error` when no earlier middleware found out. */
export function identityOf(state: RequestState): RequestIdentity {
  if (state.identity !== undefined) return state.identity;
  throw new SyncError('internal_error', 'the request was not authenticated before its route ran');
}
