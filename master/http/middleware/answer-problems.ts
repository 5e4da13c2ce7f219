import { toSyncError, type SyncError } from '../../../common/core/sync-error.ts';
import { headers } from '../../../common/protocol/version.ts';
import type { HttpDeps } from '../http-deps.ts';
import { toProblem } from '../problem.ts';
import type { SyncContext, SyncMiddleware } from '../request-state.ts';

/** Turns whatever a request throws into one problem body; the only place where errors become answers. */
export function answerProblems(deps: HttpDeps): SyncMiddleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      const error = toSyncError(thrown);
      if (error.code === 'epoch_changed') await renewEpochHeader(ctx, deps);
      answerProblem(ctx, error);
    }
  };
}

/** The request itself may have begun the new epoch (rule ID6). */
async function renewEpochHeader(ctx: SyncContext, deps: HttpDeps): Promise<void> {
  deps.epoch.forget();
  const epoch = await deps.epoch.current();
  if (epoch !== null) ctx.set(headers.epoch, epoch);
}

function answerProblem(ctx: SyncContext, error: SyncError): void {
  const problem = toProblem(error, ctx.state.requestId);
  ctx.state.code = problem.code;
  if (problem.status >= 500) logFault(ctx, error);
  ctx.status = problem.status;
  ctx.body = JSON.stringify(problem);
  ctx.type = 'application/problem+json';
  if (problem.status === 401) ctx.set('WWW-Authenticate', 'Bearer');
  if (problem.status === 405) ctx.set('Allow', String(error.details['allow']));
  if (problem.retryAfterMs !== undefined) {
    ctx.set('Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)));
  }
}

/** What the answer does not tell is told here; the logger takes secrets out. */
function logFault(ctx: SyncContext, error: SyncError): void {
  const level = error.code === 'internal_error' ? 'error' : 'warn';
  ctx.state.log[level]('request failed', {
    code: error.code,
    path: ctx.path,
    error,
    cause: error.cause,
  });
}
