import type { MasterCommand } from '../command.ts';

/** `token rotate NAME`: a second token, so that a slave can change over without a gap. */
export const tokenRotateCommand: MasterCommand = {
  words: 'token rotate',
  parameters: '<name>',
  summary: 'make a new token of a slave; the one before stays valid until it is revoked',
  examples: [
    ['master token rotate till-1', 'then set it on the slave, then revoke the old one by its id'],
    ['master token list', 'shows the ids'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { rotateToken } = await import('../manage-tokens.ts');
    const { storedTokenJson, tokenLines, tokenJson } = await import('../token-output.ts');
    const { master, log } = await openMasterFor(call);
    const issued = await rotateToken(master, call.args[0] ?? '');
    const revokedIds = issued.revoked.map((token) => token.id);
    log.info('token rotated', { slave: issued.stored.slave, id: issued.stored.id, revokedIds });
    const json = { ...tokenJson(issued), revoked: issued.revoked.map(storedTokenJson) };
    call.output.result(json, () => [
      ...tokenLines(issued),
      ...revokedIds.map((id) => `The older token ${id} was revoked: two are valid at once.`),
    ]);
  },
};
