import { safeText } from '../../../common/core/safe-text.ts';
import { headers } from '../../../common/protocol/version.ts';
import type { HttpDeps } from '../http-deps.ts';
import type { SyncContext, SyncMiddleware } from '../request-state.ts';

const MAX_PATH_LENGTH = 200;

/** Names each request and writes one log line when its answer is out: never a query, a token or a value. */
export function logRequests(deps: HttpDeps): SyncMiddleware {
  return async (ctx, next) => {
    const requestId = deps.randomId().slice(0, 16);
    ctx.state.requestId = requestId;
    ctx.state.log = deps.log.child({ requestId });
    ctx.set(headers.requestId, requestId);
    const startedMs = deps.clock.monotonicMs();
    const sentBefore = ctx.req.socket.bytesWritten;
    ctx.res.once('close', () => {
      const durationMs = Math.round(deps.clock.monotonicMs() - startedMs);
      writeLine(ctx, durationMs, ctx.req.socket.bytesWritten - sentBefore);
    });
    await next();
  };
}

function writeLine(ctx: SyncContext, durationMs: number, bytesSent: number): void {
  const { log, name, code } = ctx.state;
  const isCut = !ctx.res.writableFinished;
  const line = {
    method: ctx.method,
    path: safeText(ctx.path).slice(0, MAX_PATH_LENGTH),
    status: ctx.status,
    durationMs,
    bytesSent,
    ...(name === undefined || name === '' ? {} : { slave: name }),
    ...(code === undefined ? {} : { code }),
    ...(isCut ? { cut: true } : {}),
  };
  log[levelOf(ctx)]('request', line);
}

/** Probes ask every few seconds and are not worth a line. Failures of the master have a line of their own beside this. */
function levelOf(ctx: SyncContext): 'debug' | 'info' {
  return ctx.state.code === undefined && /\/(?:healthz|readyz)$/.test(ctx.path) ? 'debug' : 'info';
}
