import type { ConflictDecision } from '../core/decide-conflict.ts';
import type { ConflictFilter } from '../core/find-conflicts.ts';
import { SyncError } from '../core/sync-error.ts';
import type { TableDefinition } from '../core/table-definition.ts';
import { oneOf, wholeNumber } from './option-values.ts';
import { parseSetOptions } from './parse-set-options.ts';

/** An option of a command that both programs have. */
export interface SharedOption {
  /** As commander writes it, such as `--limit <n>`; repeatable ones end in `...>`. */
  readonly flags: string;
  readonly description: string;
}

const DEFAULT_LIMIT = 100;
const STATES = ['open', 'settled', 'resolved', 'all'] as const;
const SIDES = ['master', 'incoming', 'base'] as const;

/** Options of `conflicts list`; {@link readConflictFilter} reads them. */
export const conflictListOptions: readonly SharedOption[] = [
  { flags: '--state <state>', description: 'open, settled, resolved or all (default all)' },
  { flags: '--table <name>', description: 'of this table only' },
  {
    flags: '--limit <n>',
    description: `most conflicts to list, 1 to 10000 (default ${DEFAULT_LIMIT})`,
  },
];

/** Options of `conflicts resolve`; {@link readConflictDecision} reads them, but `--by`. */
export function conflictDecisionOptions(defaultBy: string): readonly SharedOption[] {
  return [
    { flags: '--take <side>', description: 'master, incoming or base' },
    { flags: '--set <column=value...>', description: 'a value of your own; may be repeated' },
    { flags: '--set-null <column...>', description: 'no value; may be repeated' },
    {
      flags: '--by <name>',
      description: `who decides, for the record (default: ${defaultBy})`,
    },
  ];
}

/** Which conflicts `conflicts list` was asked for. @throws SyncError `usage_invalid`. */
export function readConflictFilter(options: {
  readonly state: string | undefined;
  readonly table: string | undefined;
  readonly limit: string | undefined;
}): ConflictFilter {
  const { table } = options;
  const range = { flag: '--limit', min: 1, max: 10_000 };
  const limit = wholeNumber(options.limit ?? String(DEFAULT_LIMIT), range);
  const state = oneOf(options.state ?? 'all', '--state', STATES);
  return {
    limit,
    ...(state === 'all' ? {} : { state }),
    ...(table === undefined ? {} : { table }),
  };
}

/**
 * Checks what `conflicts resolve` was told, before anything is opened.
 *
 * @returns gives the decision once the conflict's table is known; throws SyncError `usage_invalid` for a column
 * that the table does not have.
 * @throws SyncError `usage_invalid` when it is neither a side nor values, or both.
 */
export function readConflictDecision(options: {
  readonly take: string | undefined;
  readonly set: readonly string[];
  readonly setNull: readonly string[];
}): (table: TableDefinition | undefined) => ConflictDecision {
  const { set, setNull } = options;
  const take = options.take === undefined ? undefined : oneOf(options.take, '--take', SIDES);
  const isSet = set.length + setNull.length > 0;
  if ((take !== undefined) === isSet) {
    throw new SyncError('usage_invalid', 'say either --take=SIDE or --set COLUMN=VALUE', {
      hint: 'For example: --take=incoming',
    });
  }
  return (table) => (take === undefined ? { set: parseSetOptions(table, set, setNull) } : { take });
}
