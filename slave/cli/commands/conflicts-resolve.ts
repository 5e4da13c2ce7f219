import { SyncError } from '../../../common/core/sync-error.ts';
import type { ConflictDecision } from '../../control/slave-data.ts';
import type { CliCommand, CliInput } from '../command.ts';
import { hasFlag, jsonOption, listOption, oneOf, textOption } from '../options.ts';
import { parseSetOptions } from '../parse-set-options.ts';
import { loadConfig, openHere } from '../session.ts';
import { conflictText } from './conflicts-show.ts';

const SIDES = ['master', 'incoming', 'base'] as const;

/** `conflicts resolve`: a person decides; the decision is an ordinary change and reaches everybody. */
export const conflictsResolveCommand: CliCommand = {
  path: ['conflicts', 'resolve'],
  words: '<conflict>',
  summary: 'decide a conflict, also one that a policy has settled',
  description:
    'The decision is an ordinary change of the row: it goes out with the next sync and reaches every slave.',
  options: [
    { flags: '--take <side>', description: 'master, incoming or base' },
    { flags: '--set <column=value...>', description: 'a value of your own; may be repeated' },
    { flags: '--set-null <column...>', description: 'no value; may be repeated' },
    { flags: '--by <name>', description: 'who decides, for the record (default: this slave)' },
    jsonOption,
  ],
  examples: [
    'slave conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --take=incoming',
    'slave conflicts resolve 0198c5a2-7b1e-7c3a-9a55-2f6d0c1e4b77 --set name="Blue lamp" --set unit_price=12.5',
  ],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    checkOptions(input);
    const slave = await openHere(context, config, 'conflicts resolve');
    const id = input.words[0] ?? '';
    const { table } = await slave.data.conflict(id);
    const decision = decisionOf(input, slave.deps.tables.byName.get(table));
    const conflict = await slave.data.resolve(
      id,
      decision,
      textOption(input, 'by') ?? config.slaveName,
    );
    await slave.control.refreshStatusFile('full');
    if (hasFlag(input, 'json')) context.output.json(conflict);
    else context.output.lines(conflictText(conflict));
  },
};

function checkOptions(input: CliInput): void {
  const take = textOption(input, 'take');
  const isSet = listOption(input, 'set').length + listOption(input, 'setNull').length > 0;
  if (take !== undefined) oneOf(take, '--take', SIDES);
  if ((take !== undefined) !== isSet) return;
  throw new SyncError('usage_invalid', 'say either --take=SIDE or --set COLUMN=VALUE', {
    hint: 'For example: --take=incoming',
  });
}

function decisionOf(
  input: CliInput,
  table: Parameters<typeof parseSetOptions>[0],
): ConflictDecision {
  const take = textOption(input, 'take');
  if (take !== undefined) return { take: oneOf(take, '--take', SIDES) };
  return { set: parseSetOptions(table, listOption(input, 'set'), listOption(input, 'setNull')) };
}
