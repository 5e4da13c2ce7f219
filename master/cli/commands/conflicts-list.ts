import { conflictListOptions, readConflictFilter } from '../../../common/cli/conflict-options.ts';
import type { MasterCommand } from '../command.ts';

/** `conflicts list`: values that lost a conflict, and conflicts that wait for a decision. */
export const conflictsListCommand: MasterCommand = {
  words: 'conflicts list',
  summary: 'list conflicts, newest first',
  options: conflictListOptions.map(({ flags, description }) => ({ flags, summary: description })),
  examples: [
    ['master conflicts list --state=open', 'what waits for a decision'],
    ['master conflicts list --table=inventories --json', 'for programs: {"conflicts":[...]}'],
  ],
  execute: async (call) => {
    const { state, table, limit } = call.options;
    const filter = readConflictFilter({ state, table, limit });
    const { openMasterFor } = await import('../open-master.ts');
    const { listConflicts } = await import('../../sync/conflicts.ts');
    const { conflictListText } = await import('../../../common/cli/conflict-text.ts');
    const { master } = await openMasterFor(call);
    const conflicts = await listConflicts(master, filter);
    call.output.result({ conflicts }, () => conflictListText(conflicts));
  },
};
