import { wholeNumber } from '../../common/cli/option-values.ts';
import { counted } from '../../common/cli/table-text.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { RejectedOutcome, RejectedSelection } from '../control/slave-data.ts';
import type { CliInput } from './command.ts';
import { hasFlag } from './options.ts';

/** Which set-aside changes a command line means: numbers, or `--all`. @throws SyncError `usage_invalid`. */
export function rejectedSelection(input: CliInput): RejectedSelection {
  const all = hasFlag(input, 'all');
  if (all && input.words.length === 0) return 'all';
  if (all || input.words.length === 0) {
    throw new SyncError('usage_invalid', 'name the numbers of the changes, or give --all', {
      hint: 'The numbers are in `slave rejected list`; for example: slave rejected retry 3 4',
    });
  }
  const range = { flag: 'the number of a change', min: 1, max: Number.MAX_SAFE_INTEGER };
  return { rejectedIds: input.words.map((word) => wholeNumber(word, range)) };
}

/** What was done, for people. */
export function outcomeText({ changes, rows }: RejectedOutcome, what: string): string {
  return `${counted(changes, 'change')} of ${counted(rows, 'row')} ${what}`;
}
