import type { SlaveState } from '../../../common/storage/master-store.ts';
import type { MasterCommand } from '../command.ts';

/** `slaves`: who syncs with this master, and how far each is. */
export const slavesCommand: MasterCommand = {
  words: 'slaves',
  summary: 'list the slaves: last contact, position, lag, what each still has to send',
  examples: [
    ['master slaves', 'one line for every slave'],
    ['master slaves --json', 'the same for programs: {"head","slaves":[...]}'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { tableText } = await import('../../../common/cli/table-text.ts');
    const { master } = await openMasterFor(call);
    const { head, slaves } = await master.store.read(async (tx) => ({
      head: await tx.head(),
      slaves: await tx.slaves(),
    }));
    call.output.result({ head, slaves: slaves.map((slave) => toJson(slave, head)) }, () =>
      slaves.length === 0
        ? ['No slave has synced yet.']
        : tableText(
            ['SLAVE', 'LAST CONTACT', 'STATUS', 'POSITION', 'LAG', 'PENDING', 'PROGRAM'],
            slaves.map((slave) => toCells(slave, head)),
          ),
    );
  },
};

function toJson(slave: SlaveState, head: number): Readonly<Record<string, unknown>> {
  return {
    name: slave.name,
    last_contact_at: slave.lastContactAt,
    status: slave.lastStatus,
    message: slave.lastMessage,
    position: slave.acknowledgedPosition,
    lag: lagOf(slave, head),
    pending: slave.pending,
    last_operation: slave.lastOperation,
    protocol: slave.protocol,
    program: slave.programVersion,
    clock_offset_ms: slave.clockOffsetMs,
    incarnation: slave.incarnation,
    created_at: slave.createdAt,
  };
}

function toCells(slave: SlaveState, head: number): readonly string[] {
  return [
    slave.name,
    slave.lastContactAt ?? 'never',
    slave.lastStatus ?? '-',
    String(slave.acknowledgedPosition),
    String(lagOf(slave, head)),
    slave.pending === null ? '-' : String(slave.pending),
    slave.programVersion ?? '-',
  ];
}

function lagOf(slave: SlaveState, head: number): number {
  return Math.max(head - slave.acknowledgedPosition, 0);
}
