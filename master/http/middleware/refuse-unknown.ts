import { SyncError } from '../../../common/core/sync-error.ts';
import type { SyncMiddleware } from '../request-state.ts';

/** A path and the methods it takes. */
export interface KnownPath {
  readonly path: string;
  readonly method: 'GET' | 'POST';
}

/**
 * Answers what no route took. There is no answer to OPTIONS and thus no CORS: pages of other sites cannot use a master.
 *
 * @throws SyncError `protocol_method_not_allowed` with the Allow header, `protocol_not_found`.
 */
export function refuseUnknown(known: readonly KnownPath[]): SyncMiddleware {
  return (ctx) => {
    const methods = known.filter((route) => route.path === ctx.path).map((route) => route.method);
    if (methods.length === 0) {
      throw new SyncError('protocol_not_found', 'there is nothing at this address');
    }
    const allow = methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');
    throw new SyncError('protocol_method_not_allowed', `this address takes ${allow}`, {
      details: { allow },
    });
  };
}
