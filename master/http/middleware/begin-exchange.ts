import { headers } from '../../../common/protocol/version.ts';
import type { HttpDeps } from '../http-deps.ts';
import { identityOf, type SyncMiddleware } from '../request-state.ts';

/**
 * Checks a slave's identity before its request does anything (rules ID1 to ID3) and hands out the next nonce.
 * Plain clients have no identity to check.
 */
export function beginExchange(deps: HttpDeps): SyncMiddleware {
  return async (ctx, next) => {
    const identity = identityOf(ctx.state);
    if (identity.slave !== null) {
      const { nonce } = await deps.useCases.beginExchange(identity);
      if (nonce !== null) ctx.set(headers.nonce, nonce);
    }
    await next();
  };
}
