import { describe, expect, test } from 'vitest';
import { randomId } from '../../common/runtime/random-id.ts';
import { sha256 } from '../../common/runtime/sha256.ts';
import { systemClock } from '../../common/runtime/system-clock.ts';
import type { StoredToken } from '../../common/storage/token-store.ts';
import { isTokenText } from '../http/bearer-token.ts';
import { createToken, revokeTokens, rotateToken, type TokenDeps } from './manage-tokens.ts';

function makeDeps(): TokenDeps {
  const kept: StoredToken[] = [];
  return {
    clock: systemClock,
    sha256,
    randomId,
    tokens: {
      isEmpty: () => Promise.resolve(kept.length === 0),
      findByHash: (hash) => Promise.resolve(kept.find((token) => token.hash === hash) ?? null),
      list: () => Promise.resolve([...kept]),
      add: (token) => Promise.resolve(void kept.push(token)),
      revoke: (id, at) => {
        const index = kept.findIndex((token) => token.id === id);
        const token = kept[index];
        if (token !== undefined) kept[index] = { ...token, revokedAt: at };
        return Promise.resolve();
      },
    },
  };
}

const validIds = async (deps: TokenDeps): Promise<readonly string[]> =>
  (await deps.tokens.list()).filter((token) => token.revokedAt === null).map((token) => token.id);

describe('tokens', () => {
  test('a token has 256 random bits, and only its hash is kept', async () => {
    const deps = makeDeps();
    const { text } = await createToken(deps, 'till-1');
    expect(isTokenText(text)).toBe(true);
    expect(Buffer.from(text.slice(4), 'base64url')).toHaveLength(32);
    expect(JSON.stringify(await deps.tokens.list())).not.toContain(text);
    expect((await deps.tokens.findByHash(sha256(text)))?.slave).toBe('till-1');
  });

  test('a slave with a valid token gets no first one again', async () => {
    const deps = makeDeps();
    await createToken(deps, 'till-1');
    await expect(createToken(deps, 'till-1')).rejects.toMatchObject({ code: 'sync_refused' });
    await revokeTokens(deps, 'till-1', undefined);
    await createToken(deps, 'till-1');
    expect(await validIds(deps)).toHaveLength(1);
  });

  test('rotating keeps the token before valid and ends older ones', async () => {
    const deps = makeDeps();
    const first = await createToken(deps, 'till-1');
    const second = await rotateToken(deps, 'till-1');
    expect(second.revoked).toEqual([]);
    expect(await validIds(deps)).toEqual([first.stored.id, second.stored.id]);
    const third = await rotateToken(deps, 'till-1');
    expect(third.revoked.map((token) => token.id)).toEqual([first.stored.id]);
    expect(await validIds(deps)).toEqual([second.stored.id, third.stored.id]);
  });

  test('revoking ends all tokens of a slave, or the one that is named', async () => {
    const deps = makeDeps();
    const first = await createToken(deps, 'till-1');
    const second = await rotateToken(deps, 'till-1');
    await createToken(deps, 'till-2');
    await revokeTokens(deps, 'till-1', first.stored.id);
    expect(await validIds(deps)).toContain(second.stored.id);
    await revokeTokens(deps, 'till-1', undefined);
    expect(await validIds(deps)).toHaveLength(1);
    await expect(revokeTokens(deps, 'till-1', undefined)).rejects.toMatchObject({
      code: 'data_not_found',
    });
    await expect(revokeTokens(deps, 'till-2', 'other')).rejects.toMatchObject({
      code: 'data_not_found',
    });
    await expect(revokeTokens(deps, 'nobody', undefined)).rejects.toMatchObject({
      code: 'data_not_found',
    });
    await expect(rotateToken(deps, 'nobody')).rejects.toMatchObject({ code: 'data_not_found' });
  });

  test.each(['', 'a b', 'x'.repeat(65), 'till/1', 'till\n1', 'kasse-ä'])(
    '"%s" names no slave',
    async (name) => {
      await expect(createToken(makeDeps(), name)).rejects.toMatchObject({ code: 'usage_invalid' });
    },
  );
});
