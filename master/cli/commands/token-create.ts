import type { MasterCommand } from '../command.ts';

/** `token create NAME`: the first token of a slave. */
export const tokenCreateCommand: MasterCommand = {
  words: 'token create',
  parameters: '<name>',
  summary: 'make the token of a slave; it is shown this once',
  examples: [
    ['master token create till-1', 'shows the token to set as SYNC_TOKEN on the slave till-1'],
    ['master token create till-1 --json', 'the same for programs: {"name","token","id",...}'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { createToken } = await import('../manage-tokens.ts');
    const { tokenLines, tokenJson } = await import('../token-output.ts');
    const { master, log } = await openMasterFor(call);
    const issued = await createToken(master, call.args[0] ?? '');
    log.info('token created', { slave: issued.stored.slave, id: issued.stored.id });
    call.output.result(tokenJson(issued), () => tokenLines(issued));
  },
};
