import { SyncError } from '../../../common/core/sync-error.ts';
import type { HttpDeps } from '../http-deps.ts';
import type { SyncMiddleware } from '../request-state.ts';
import { TokenBuckets } from '../token-bucket.ts';

/**
 * Bounds how fast one identity asks; others are not affected. Nameless local clients count by their address.
 *
 * @throws SyncError `protocol_rate_limited` with the time to wait.
 */
export function limitRate(deps: HttpDeps): SyncMiddleware {
  const { requestsPerSecond, requestBurst } = deps.limits;
  const buckets = new TokenBuckets({ perSecond: requestsPerSecond, burst: requestBurst });
  return async (ctx, next) => {
    const key = ctx.state.name === '' ? `@${ctx.ip}` : (ctx.state.name ?? '');
    const waitMs = buckets.take(key, deps.clock.monotonicMs());
    if (waitMs > 0) {
      throw new SyncError(
        'protocol_rate_limited',
        `more than ${requestsPerSecond} requests a second`,
        { retryAfterMs: Math.max(waitMs, 1000) },
      );
    }
    await next();
  };
}
