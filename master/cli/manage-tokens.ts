import { randomBytes } from 'node:crypto';
import type { Clock } from '../../common/core/clock.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { StoredToken, TokenStore } from '../../common/storage/token-store.ts';
import { formatToken, isSlaveName, TOKEN_BYTES } from '../http/bearer-token.ts';

/** What managing tokens works with. */
export interface TokenDeps {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly sha256: (text: string) => string;
  readonly randomId: () => string;
}

/** A new token. The text exists nowhere else. */
export interface IssuedToken {
  readonly stored: StoredToken;
  readonly text: string;
}

/** How many tokens of one slave are valid at once: the new one, and the old one until the slave has changed over. */
const MAX_VALID_TOKENS = 2;

/**
 * Makes the first token of a slave.
 *
 * @throws SyncError `usage_invalid` for a name that is none, `sync_refused` when the slave has a valid token: two
 * slaves with one name would take each other's place.
 */
export async function createToken(deps: TokenDeps, slave: string): Promise<IssuedToken> {
  checkName(slave);
  if ((await validTokens(deps, slave)).length > 0) {
    throw new SyncError('sync_refused', `${slave} already has a token`, {
      hint: `\`master token rotate ${slave}\` makes a second one, \`master token revoke ${slave}\` ends the first. Every slave needs a name of its own.`,
    });
  }
  return issue(deps, slave);
}

/**
 * Makes another token of a slave; the newest one before stays valid until it is revoked, older ones end.
 *
 * @throws SyncError `usage_invalid`, `data_not_found` when the slave never had a token.
 */
export async function rotateToken(
  deps: TokenDeps,
  slave: string,
): Promise<IssuedToken & { readonly revoked: readonly StoredToken[] }> {
  checkName(slave);
  if ((await tokensOf(deps, slave)).length === 0) throw unknownSlave(slave);
  const issued = await issue(deps, slave);
  const valid = await validTokens(deps, slave);
  const others = valid.filter((token) => token.id !== issued.stored.id);
  const revoked = others.slice(0, Math.max(others.length - (MAX_VALID_TOKENS - 1), 0));
  await revokeAll(deps, revoked);
  return { ...issued, revoked };
}

/**
 * Ends tokens of a slave at once: all, or the one with the id.
 *
 * @throws SyncError `usage_invalid`, `data_not_found` when there is no such valid token.
 */
export async function revokeTokens(
  deps: TokenDeps,
  slave: string,
  id: string | undefined,
): Promise<readonly StoredToken[]> {
  checkName(slave);
  if ((await tokensOf(deps, slave)).length === 0) throw unknownSlave(slave);
  const valid = await validTokens(deps, slave);
  const revoked = valid.filter((token) => id === undefined || token.id === id);
  if (revoked.length === 0) {
    const which =
      id === undefined ? 'no valid token' : `no valid token with the id ${id.slice(0, 64)}`;
    throw new SyncError('data_not_found', `${slave} has ${which}`, {
      hint: 'See `master token list`.',
    });
  }
  await revokeAll(deps, revoked);
  return revoked;
}

async function issue(deps: TokenDeps, slave: string): Promise<IssuedToken> {
  const text = formatToken(randomBytes(TOKEN_BYTES));
  const stored: StoredToken = {
    id: deps.randomId().slice(0, 8),
    slave,
    hash: deps.sha256(text),
    createdAt: deps.clock.nowIso(),
    revokedAt: null,
  };
  await deps.tokens.add(stored);
  return { stored, text };
}

async function revokeAll(deps: TokenDeps, tokens: readonly StoredToken[]): Promise<void> {
  for (const token of tokens) await deps.tokens.revoke(token.id, deps.clock.nowIso());
}

/** Valid and revoked tokens, oldest first. */
async function tokensOf(deps: TokenDeps, slave: string): Promise<readonly StoredToken[]> {
  return (await deps.tokens.list()).filter((token) => token.slave === slave);
}

async function validTokens(deps: TokenDeps, slave: string): Promise<readonly StoredToken[]> {
  return (await tokensOf(deps, slave)).filter((token) => token.revokedAt === null);
}

function checkName(slave: string): void {
  if (isSlaveName(slave)) return;
  throw new SyncError(
    'usage_invalid',
    `"${slave.slice(0, 64)}" cannot name a slave; take 1 to 64 letters, digits, dots, underscores and hyphens, for example till-1`,
  );
}

function unknownSlave(slave: string): SyncError {
  return new SyncError('data_not_found', `${slave} never had a token`, {
    hint: `\`master token create ${slave}\` makes the first one.`,
  });
}
