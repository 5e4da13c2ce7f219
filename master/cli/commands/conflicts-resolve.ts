import {
  conflictDecisionOptions,
  readConflictDecision,
} from '../../../common/cli/conflict-options.ts';
import type { MasterCommand } from '../command.ts';

const DEFAULT_BY = 'master';

/** `conflicts resolve`: a person decides; the decision is the master's own change and reaches everybody. */
export const conflictsResolveCommand: MasterCommand = {
  words: 'conflicts resolve',
  parameters: '<conflict>',
  summary: 'decide a conflict, also one that a policy has settled; every slave gets the decision',
  options: conflictDecisionOptions(DEFAULT_BY).map(({ flags, description }) => ({
    flags,
    summary: description,
  })),
  examples: [
    ['master conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --take=incoming', 'a side'],
    [
      'master conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --set name="Blue lamp" --set unit_price=12.5',
      'values',
    ],
  ],
  execute: async (call) => {
    const { take, by = DEFAULT_BY } = call.options;
    const { set = [], setNull = [] } = call.lists;
    const decisionFor = readConflictDecision({ take, set, setNull });
    const { openMasterFor } = await import('../open-master.ts');
    const { resolveConflict, showConflict } = await import('../../sync/conflicts.ts');
    const { conflictText } = await import('../../../common/cli/conflict-text.ts');
    const { master } = await openMasterFor(call);
    const id = call.args[0] ?? '';
    const { table } = await showConflict(master, id);
    const decision = decisionFor(master.tables.byName.get(table));
    const conflict = await resolveConflict(master, id, decision, by);
    call.output.result(conflict, () => conflictText(conflict));
  },
};
