import { SyncError } from '../../../common/core/sync-error.ts';
import { settlesWithin } from '../../../common/runtime/sleep.ts';
import type { HttpDeps } from '../http-deps.ts';
import type { SyncMiddleware } from '../request-state.ts';

/** How long a database may take to say that it is there. */
const PING_PATIENCE_MS = 3000;

/** One endpoint that asks for no token, below `/` and below `/api/sync`. */
export interface OpenRoute {
  readonly path: string;
  run(deps: HttpDeps): SyncMiddleware;
}

/** Whether the process works, and whether its database does. */
export const openRoutes: readonly OpenRoute[] = [
  {
    path: '/healthz',
    run: () => (ctx) => {
      ctx.body = { status: 'ok' };
    },
  },
  {
    path: '/readyz',
    run: (deps) => async (ctx) => {
      await checkDatabase(deps);
      ctx.body = { status: 'ok' };
    },
  },
];

/** Whatever keeps the database from answering, a prober is to hear 503. */
async function checkDatabase(deps: HttpDeps): Promise<void> {
  let cause: unknown;
  try {
    if (await settlesWithin(deps.ping(), PING_PATIENCE_MS)) return;
  } catch (error) {
    cause = error;
  }
  throw new SyncError('storage_unavailable', 'the database does not answer', { cause });
}
