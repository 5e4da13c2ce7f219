import Router from '@koa/router';
import Koa from 'koa';
import { API_PATH } from '../../common/protocol/version.ts';
import type { HttpDeps } from './http-deps.ts';
import { answerProblems } from './middleware/answer-problems.ts';
import { authenticate } from './middleware/authenticate.ts';
import { beginExchange } from './middleware/begin-exchange.ts';
import { logRequests } from './middleware/log-requests.ts';
import { limitRate } from './middleware/rate-limit.ts';
import { readSlaveHeaders } from './middleware/read-slave-headers.ts';
import { refuseUnknown, type KnownPath } from './middleware/refuse-unknown.ts';
import { createRunRoute } from './middleware/run-route.ts';
import { setAnswerHeaders } from './middleware/set-answer-headers.ts';
import type { RequestState, SyncMiddleware } from './request-state.ts';
import { openRoutes } from './routes/health.ts';
import { syncRoutes } from './routes/registry.ts';

const OPEN_PREFIXES = ['', API_PATH] as const;

/** The master's HTTP application: every request goes down the first list, requests to `/api/sync` the second too. */
export function createApp(deps: HttpDeps): Koa<RequestState> {
  const everyRequest: readonly SyncMiddleware[] = [
    logRequests(deps),
    setAnswerHeaders(deps),
    answerProblems(deps),
    routeRequests(deps),
    refuseUnknown(knownPaths()),
  ];
  const app = new Koa<RequestState>({ proxy: false });
  for (const middleware of everyRequest) app.use(middleware);
  // What fails while an answer is on its way: the connection is cut, and the request's own line says so.
  app.on('error', (error: unknown) => deps.log.debug('answer cut', { error: String(error) }));
  return app;
}

function routeRequests(deps: HttpDeps): SyncMiddleware {
  const router = new Router<RequestState>({ strict: true, sensitive: true });
  for (const route of openRoutes) {
    for (const prefix of OPEN_PREFIXES) router.get(prefix + route.path, route.run(deps));
  }
  const runRoute = createRunRoute(deps);
  const everySyncRequest: readonly SyncMiddleware[] = [
    authenticate(deps),
    limitRate(deps),
    readSlaveHeaders(),
  ];
  const exchange = beginExchange(deps);
  for (const route of syncRoutes) {
    router.register(
      API_PATH + route.path,
      [route.method],
      [...everySyncRequest, ...(route.needsExchange ? [exchange] : []), runRoute(route)],
    );
  }
  // The router's own types know its additions to the context, which nothing of ours reads.
  return router.routes() as SyncMiddleware;
}

/** Every address of the program, for 404 and 405. */
function knownPaths(): readonly KnownPath[] {
  const open = openRoutes.flatMap((route) =>
    OPEN_PREFIXES.map((prefix) => ({ path: prefix + route.path, method: 'GET' as const })),
  );
  const sync = syncRoutes.map(({ path, method }) => ({ path: API_PATH + path, method }));
  return [...open, ...sync];
}
