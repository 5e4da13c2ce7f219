import type { MasterCommand } from '../command.ts';

/** `token list`: which tokens there are; never their texts. */
export const tokenListCommand: MasterCommand = {
  words: 'token list',
  summary: 'list the tokens, valid and revoked',
  examples: [
    ['master token list', 'slave, id, age and state of every token'],
    ['master token list --json', 'the same for programs: {"tokens":[...]}'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { storedTokenJson } = await import('../token-output.ts');
    const { tableText } = await import('../../../common/cli/table-text.ts');
    const { master } = await openMasterFor(call);
    const tokens = await master.tokens.list();
    call.output.result({ tokens: tokens.map(storedTokenJson) }, () =>
      tokens.length === 0
        ? ['There is no token yet: only this machine is served. Make one: master token create NAME']
        : tableText(
            ['SLAVE', 'ID', 'MADE', 'STATE'],
            tokens.map((token) => [
              token.slave,
              token.id,
              token.createdAt,
              token.revokedAt === null ? 'valid' : `revoked ${token.revokedAt}`,
            ]),
          ),
    );
  },
};
