import {
  conflictDecisionOptions,
  readConflictDecision,
} from '../../../common/cli/conflict-options.ts';
import { conflictText } from '../../../common/cli/conflict-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, listOption, textOption } from '../options.ts';
import { loadConfig, openHere } from '../session.ts';

/** `conflicts resolve`: a person decides; the decision is an ordinary change and reaches everybody. */
export const conflictsResolveCommand: CliCommand = {
  path: ['conflicts', 'resolve'],
  words: '<conflict>',
  summary: 'decide a conflict, also one that a policy has settled',
  description:
    'The decision is an ordinary change of the row: it goes out with the next sync and reaches every slave.',
  options: [...conflictDecisionOptions('this slave'), jsonOption],
  examples: [
    'slave conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --take=incoming',
    'slave conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --set name="Blue lamp" --set unit_price=12.5',
  ],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    const decisionFor = readConflictDecision({
      take: textOption(input, 'take'),
      set: listOption(input, 'set'),
      setNull: listOption(input, 'setNull'),
    });
    const slave = await openHere(context, config, 'conflicts resolve');
    const id = input.words[0] ?? '';
    const { table } = await slave.data.conflict(id);
    const decision = decisionFor(slave.deps.tables.byName.get(table));
    const by = textOption(input, 'by') ?? config.slaveName;
    const conflict = await slave.data.resolve(id, decision, by);
    await slave.control.refreshStatusFile('full');
    if (hasFlag(input, 'json')) context.output.json(conflict);
    else context.output.lines(conflictText(conflict));
  },
};
