import type { StoredToken } from '../../common/storage/token-store.ts';
import type { IssuedToken } from './manage-tokens.ts';

/** A new token for programs; the one document that holds its text. */
export function tokenJson({ stored, text }: IssuedToken): Readonly<Record<string, unknown>> {
  return { name: stored.slave, token: text, id: stored.id, created_at: stored.createdAt };
}

/** A new token for people. */
export function tokenLines({ stored, text }: IssuedToken): readonly string[] {
  return [
    `Token of ${stored.slave} (id ${stored.id}); it is shown this once:`,
    '',
    `  ${text}`,
    '',
    `Set it on the slave: SYNC_TOKEN=${text}`,
  ];
}

/** A kept token for programs: everything but its hash. */
export function storedTokenJson(token: StoredToken): Readonly<Record<string, unknown>> {
  return {
    name: token.slave,
    id: token.id,
    created_at: token.createdAt,
    revoked_at: token.revokedAt,
    valid: token.revokedAt === null,
  };
}
