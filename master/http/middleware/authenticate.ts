import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SyncError } from '../../../common/core/sync-error.ts';
import { headers } from '../../../common/protocol/version.ts';
import type { StoredToken } from '../../../common/storage/token-store.ts';
import { isSlaveName, isTokenText } from '../bearer-token.ts';
import type { HttpDeps } from '../http-deps.ts';
import { isLocalRequest } from '../local-request.ts';
import type { SyncMiddleware } from '../request-state.ts';

const BEARER = /^Bearer ([^ ]{1,256})$/i;

/**
 * Finds out who asks: by bearer token, or, while no token was ever made, by the machine's own word for itself.
 *
 * @throws SyncError `auth_required`, `auth_invalid`, `auth_loopback_only`, `slave_mismatch`.
 */
export function authenticate(deps: HttpDeps): SyncMiddleware {
  return async (ctx, next) => {
    const claimed = ctx.get(headers.slave);
    const token = await presentedToken(deps, ctx.req);
    ctx.state.name =
      token === null ? await localName(deps, ctx.req, claimed) : tokenName(token, claimed);
    await next();
  };
}

/** The valid token that the request carries; null when it carries none at all. */
async function presentedToken(
  deps: HttpDeps,
  request: IncomingMessage,
): Promise<StoredToken | null> {
  const [header, ...more] = request.headersDistinct['authorization'] ?? [];
  if (header === undefined) return null;
  const text = BEARER.exec(header)?.[1] ?? '';
  if (more.length > 0 || !isTokenText(text)) throw invalidToken();
  const hash = deps.sha256(text);
  const token = await deps.tokens.findByHash(hash);
  if (token === null || token.revokedAt !== null || !isSameHash(token.hash, hash)) {
    throw invalidToken();
  }
  return token;
}

function tokenName(token: StoredToken, claimed: string): string {
  if (claimed === '' || claimed === token.slave) return token.slave;
  throw new SyncError(
    'slave_mismatch',
    `the token was made for ${token.slave}, the request names another slave`,
  );
}

async function localName(
  deps: HttpDeps,
  request: IncomingMessage,
  claimed: string,
): Promise<string> {
  if (!(await deps.tokens.isEmpty())) {
    throw new SyncError('auth_required', 'the request carries no bearer token');
  }
  if (!isLocalRequest(request)) {
    throw new SyncError(
      'auth_loopback_only',
      "no token was made yet, so only requests from the master's own machine are served",
    );
  }
  return isSlaveName(claimed) ? claimed : '';
}

function isSameHash(stored: string, presented: string): boolean {
  const [a, b] = [Buffer.from(stored, 'utf8'), Buffer.from(presented, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** One text for every sort of wrong token, so that an answer tells nothing about the tokens there are. */
function invalidToken(): SyncError {
  return new SyncError('auth_invalid', 'the bearer token is unknown, revoked or malformed');
}
