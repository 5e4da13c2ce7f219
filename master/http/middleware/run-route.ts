import { finished } from 'node:stream';
import type { HttpDeps } from '../http-deps.ts';
import { LoadGate } from '../load-gate.ts';
import { readJsonBody } from '../read-json-body.ts';
import { identityOf, type SyncContext, type SyncMiddleware } from '../request-state.ts';
import type { RouteRequest, SyncRoute } from '../routes/route.ts';
import { sendAnswer } from '../send-answer.ts';

/** Makes the last middleware of a route: reads the request for it and writes its answer. */
export function createRunRoute(deps: HttpDeps): (route: SyncRoute) => SyncMiddleware {
  // One gate for requests with a body and one for those without, so that neither sort keeps the other out.
  const gates = { POST: new LoadGate(deps.limits), GET: new LoadGate(deps.limits) };
  return (route) => async (ctx) => {
    const admission = gates[route.method].enter();
    // The place is given back when the whole answer is out, or the connection is gone.
    finished(ctx.res, admission.leave);
    const request = toRequest(ctx, deps, admission.hold);
    await sendAnswer(ctx, await route.answer(request));
  };
}

function toRequest(ctx: SyncContext, deps: HttpDeps, hold: (bytes: number) => void): RouteRequest {
  return {
    identity: identityOf(ctx.state),
    query: new URLSearchParams(ctx.querystring),
    body: () => readJsonBody(ctx.req, { maxBytes: deps.limits.maxBodyBytes, hold }),
    useCases: deps.useCases,
    tables: deps.tables,
  };
}
