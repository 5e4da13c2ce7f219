import { headers, PROTOCOL_VERSION } from '../../../common/protocol/version.ts';
import type { HttpDeps } from '../http-deps.ts';
import type { SyncMiddleware } from '../request-state.ts';

/** Headers of every answer, errors too: who answers (rule WIRE4), and that nothing may be guessed or kept. */
export function setAnswerHeaders(deps: HttpDeps): SyncMiddleware {
  return async (ctx, next) => {
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set(headers.protocol, String(PROTOCOL_VERSION));
    const epoch = await deps.epoch.current();
    if (epoch !== null) ctx.set(headers.epoch, epoch);
    await next();
  };
}
