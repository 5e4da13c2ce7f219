import { expect, test } from 'vitest';
import type { StoredToken, TokenStore } from '../token-store.ts';

const token = (overrides: Partial<StoredToken> = {}): StoredToken => ({
  id: 'a1',
  slave: 'till-1',
  hash: 'a'.repeat(64),
  createdAt: '2026-01-01T00:00:00.000Z',
  revokedAt: null,
  ...overrides,
});

/** What every {@link TokenStore} must do; call it within a `describe`. */
export function tokenStoreContract(openEmpty: () => Promise<TokenStore>): void {
  test('finds a token by its hash and by nothing else', async () => {
    const tokens = await openEmpty();
    expect(await tokens.isEmpty()).toBe(true);
    await tokens.add(token());
    expect(await tokens.isEmpty()).toBe(false);
    expect(await tokens.findByHash('a'.repeat(64))).toEqual(token());
    expect(await tokens.findByHash('A'.repeat(64))).toBeNull();
    expect(await tokens.findByHash("' OR '1'='1")).toBeNull();
  });

  test('lists by slave and then by age', async () => {
    const tokens = await openEmpty();
    const later = { createdAt: '2026-02-01T00:00:00.000Z' };
    await tokens.add(token({ id: 'c', slave: 'till-2', hash: 'c'.repeat(64) }));
    await tokens.add(token({ id: 'b', hash: 'b'.repeat(64), ...later }));
    await tokens.add(token({ id: 'z' }));
    expect((await tokens.list()).map(({ id }) => id)).toEqual(['z', 'b', 'c']);
  });

  test('a revoked token is still known, and keeps the time of its first revocation', async () => {
    const tokens = await openEmpty();
    await tokens.add(token());
    await tokens.revoke('a1', '2026-03-01T00:00:00.000Z');
    await tokens.revoke('a1', '2026-04-01T00:00:00.000Z');
    await tokens.revoke('unknown', '2026-04-01T00:00:00.000Z');
    expect((await tokens.findByHash('a'.repeat(64)))?.revokedAt).toBe('2026-03-01T00:00:00.000Z');
    expect(await tokens.isEmpty()).toBe(false);
  });

  test('an id or a hash that is taken is refused', async () => {
    const tokens = await openEmpty();
    await tokens.add(token());
    await expect(tokens.add(token({ id: 'other' }))).rejects.toThrow(/sync_tokens.hash|UNIQUE/i);
    await expect(tokens.add(token({ hash: 'b'.repeat(64) }))).rejects.toThrow(
      /UNIQUE|sync_tokens/i,
    );
  });
}
