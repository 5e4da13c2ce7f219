import { counted, pairsText } from '../../../common/cli/table-text.ts';
import { SyncError } from '../../../common/core/sync-error.ts';
import type { ResetReport, ResetVariant, SlaveStatus } from '../../control/control.ts';
import type { CliCommand, CliContext, CliInput } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { loadConfig, openControl } from '../session.ts';

/** `sync:reset`: out of a failed or troubled state; backs up first and keeps unsent work. */
export const syncResetCommand: CliCommand = {
  path: ['sync:reset'],
  summary: 'get out of a failed or troubled state',
  description: [
    'Without options it does what the present state needs: it forgets a failure and its waiting time, or, after',
    'slave_forked, slave_rewound, epoch_changed or cursor_expired, makes a backup and loads everything again.',
    'Unsent work is kept. What is more than forgetting a failure wants --yes, or a yes on the terminal.',
  ].join('\n'),
  options: [
    { flags: '--resync', description: 'load all rows again' },
    {
      flags: '--new-identity',
      description: 'take the name with a new identity, then load all rows again',
    },
    { flags: '--yes', description: 'do it without asking' },
    jsonOption,
  ],
  examples: [
    'slave sync:reset',
    'slave sync:reset --yes',
    'slave sync:reset --resync --yes --json',
  ],
  run: async (context, input) => {
    const asked = askedVariant(input);
    const { config } = await loadConfig(context, input);
    const control = await openControl(context, config, { command: 'sync:reset' });
    const status = await control.status();
    const variant = asked === 'auto' ? neededVariant(status) : asked;
    if (variant !== 'status') await makeSure(context, input, { status, variant });
    context.output.progress('resetting');
    const report = await control.reset(asked, context.run.lifecycle.signal);
    context.output.clearProgress();
    if (hasFlag(input, 'json')) context.output.json(report);
    else context.output.lines(resultText(report));
  },
};

function askedVariant(input: CliInput): ResetVariant | 'auto' {
  const resync = hasFlag(input, 'resync');
  const enroll = hasFlag(input, 'newIdentity');
  if (resync && enroll) {
    throw new SyncError(
      'usage_invalid',
      '--resync and --new-identity exclude each other: a new identity loads all rows again by itself',
    );
  }
  if (enroll) return 'enroll';
  return resync ? 'resync' : 'auto';
}

/** What `auto` will do, as far as the status tells. */
function neededVariant({ trouble }: SlaveStatus): ResetVariant {
  if (trouble === null) return 'status';
  return trouble === 'cursor_expired' ? 'resync' : 'enroll';
}

interface Plan {
  readonly status: SlaveStatus;
  readonly variant: ResetVariant;
}

async function makeSure({ output, run }: CliContext, input: CliInput, plan: Plan): Promise<void> {
  if (hasFlag(input, 'yes')) return;
  const text = planText(plan);
  if (!hasFlag(input, 'json')) {
    for (const line of text) output.remark(line);
    if (await output.confirm('Go on?', run.lifecycle.signal)) return;
  }
  throw new SyncError('sync_refused', `nothing was changed. This reset would: ${text.join(' ')}`, {
    hint: 'Add --yes to do it.',
  });
}

function planText({ status, variant }: Plan): readonly string[] {
  const rows = status.tables.reduce((sum, table) => sum + table.rows, 0);
  return [
    ...(status.trouble === null ? [] : [`The slave stopped with ${status.trouble}.`]),
    'A backup of the database is made under backups/.',
    ...(variant === 'enroll'
      ? [`The name ${status.slaveName} goes to a new identity; other copies of this database stop.`]
      : []),
    `${counted(rows, 'row')} here are compared with the master and loaded again with the next sync.`,
    `${counted(status.pendingRecords, 'unsent change')} and ${counted(status.rejectedRecords, 'set-aside change')} are kept.`,
  ];
}

function resultText(report: ResetReport): readonly string[] {
  const done = {
    status: 'the failure is forgotten; the next sync may run at once',
    resync: 'all rows are loaded again with the next sync',
    enroll: 'a new identity was taken; all rows are loaded again with the next sync',
  }[report.variant];
  return [
    done,
    ...pairsText([
      ['ended', report.trouble ?? 'no trouble'],
      ['unsent kept', String(report.pendingKept)],
      ['known to the master', String(report.alreadyAtMaster)],
      ['sent again', String(report.sentAgain)],
      [
        'set aside',
        report.setAside === 0 ? '0' : `${report.setAside}, see \`slave rejected list\``,
      ],
      ['backup', report.backup ?? 'none needed'],
    ]),
  ];
}
