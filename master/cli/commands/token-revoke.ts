import type { MasterCommand } from '../command.ts';

/** `token revoke NAME`: refuses a slave's tokens from now on. */
export const tokenRevokeCommand: MasterCommand = {
  words: 'token revoke',
  parameters: '<name>',
  summary: 'refuse the tokens of a slave from now on',
  options: [
    { flags: '--id <id>', summary: 'only the token with this id; see `master token list`' },
  ],
  examples: [
    ['master token revoke till-1', 'the slave is refused until it gets a new token'],
    ['master token revoke till-1 --id 3f9a01c2', 'the old token, after rotating'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { revokeTokens } = await import('../manage-tokens.ts');
    const { storedTokenJson } = await import('../token-output.ts');
    const { master, log } = await openMasterFor(call);
    const slave = call.args[0] ?? '';
    const revoked = await revokeTokens(master, slave, call.options['id']);
    const ids = revoked.map((token) => token.id);
    log.info('token revoked', { slave, ids });
    const revokedAt = master.clock.nowIso();
    const json = {
      name: slave,
      revoked: revoked.map((token) => storedTokenJson({ ...token, revokedAt })),
    };
    call.output.result(json, () =>
      ids.map((id) => `Token ${id} of ${slave} is refused from now on.`),
    );
  },
};
