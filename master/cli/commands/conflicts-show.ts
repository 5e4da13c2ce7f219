import type { MasterCommand } from '../command.ts';

/** `conflicts show`: both sides, what they had in common, and what stands now. */
export const conflictsShowCommand: MasterCommand = {
  words: 'conflicts show',
  parameters: '<conflict>',
  summary: 'show both sides of a conflict',
  examples: [
    ['master conflicts show 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77', 'column by column'],
    ['master conflicts show 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --json', 'for programs'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { showConflict } = await import('../../sync/conflicts.ts');
    const { conflictText } = await import('../../../common/cli/conflict-text.ts');
    const { master } = await openMasterFor(call);
    const conflict = await showConflict(master, call.args[0] ?? '');
    call.output.result(conflict, () => conflictText(conflict));
  },
};
