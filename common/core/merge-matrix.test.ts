import { describe, expect, it } from 'vitest';
import type { PolicyName } from './conflict-policies/policy-name.ts';
import { conflictPolicies } from './conflict-policies/registry.ts';
import { at, goodsRow, goodsTable, incoming, logged, merge } from './merge-builders.testkit.ts';
import type { MergeOutcome, StoredRow } from './merge.ts';

/** What one side did to the row since both knew the same. */
type Deed = 'none' | 'insert' | 'update' | 'delete';

/** What a cell of the matrix ends with. */
type Cell =
  /** Nothing to do, or the change as it is. */
  | { readonly row: 'base' | 'master' | 'incoming' | null; readonly status: 'applied' }
  | {
      readonly row: 'master' | 'incoming' | null;
      readonly status: 'conflict';
      readonly outcome: 'master' | 'incoming';
      readonly state: 'settled' | 'open';
    }
  /** Settled without a record, by policies under which nothing of worth is lost. */
  | { readonly row: 'master' | 'incoming'; readonly status: 'merged' };

const policies = Object.keys(conflictPolicies) as readonly PolicyName[];
const deeds: readonly Deed[] = ['none', 'insert', 'update', 'delete'];

const base = goodsRow({ name: 'Base' });
// "Master" sorts after "Incoming", so that greatest and least differ; the slave wrote later.
const rows = {
  base,
  master: goodsRow({ name: 'Master' }),
  incoming: goodsRow({ name: 'Incoming' }),
};

function masterAfter(deed: Deed): StoredRow {
  switch (deed) {
    case 'none':
      return { row: base, foreign: [], deletion: null };
    case 'insert':
      return { row: rows.master, foreign: [logged({ action: 'create' })], deletion: null };
    case 'update':
      return { row: rows.master, foreign: [logged({ columns: ['name'] })], deletion: null };
    case 'delete':
      return {
        row: null,
        foreign: [logged({ action: 'delete', generation: 2 })],
        deletion: { row: base, isForeign: true },
      };
  }
}

function send(deed: Exclude<Deed, 'none'>, state: StoredRow, policy: PolicyName): MergeOutcome {
  const table = goodsTable({ conflictPolicy: policy });
  const { id: _id, ...whole } = rows.incoming;
  switch (deed) {
    case 'insert':
      return merge(incoming({ action: 'create', values: whole }), state, table);
    case 'update':
      return merge(incoming({ values: { name: 'Incoming' } }), state, table);
    case 'delete':
      return merge(incoming({ action: 'delete' }), state, table);
  }
}

const applied = (row: 'master' | 'incoming' | null): Cell => ({ row, status: 'applied' });

/** Both sides set the column `name` to different values. */
function columnCell(policy: PolicyName): Cell {
  const conflict = { status: 'conflict', state: 'settled' } as const;
  const cells: Readonly<Record<PolicyName, Cell>> = {
    latest: { ...conflict, row: 'incoming', outcome: 'incoming' },
    counter: { ...conflict, row: 'incoming', outcome: 'incoming' },
    slave: { ...conflict, row: 'incoming', outcome: 'incoming' },
    master: { ...conflict, row: 'master', outcome: 'master' },
    manual: { ...conflict, row: 'master', outcome: 'master', state: 'open' },
    greatest: { row: 'master', status: 'merged' },
    least: { row: 'incoming', status: 'merged' },
  };
  return cells[policy];
}

/** The slave changed what the master deleted. */
function revivalCell(policy: PolicyName): Cell {
  const state = policy === 'manual' ? 'open' : 'settled';
  return policy === 'master' || policy === 'manual'
    ? { row: null, status: 'conflict', outcome: 'master', state }
    : { row: 'incoming', status: 'conflict', outcome: 'incoming', state };
}

/** The slave deleted what the master changed. */
function deleteCell(policy: PolicyName): Cell {
  const state = policy === 'manual' ? 'open' : 'settled';
  return policy === 'slave'
    ? { row: null, status: 'conflict', outcome: 'incoming', state }
    : { row: 'master', status: 'conflict', outcome: 'master', state };
}

/** Rows of the table: what the slave did; columns: what the master did. */
const matrix: Readonly<
  Record<Exclude<Deed, 'none'>, Readonly<Record<Deed, (policy: PolicyName) => Cell>>>
> = {
  insert: {
    none: () => applied('incoming'),
    insert: columnCell,
    update: columnCell,
    delete: () => applied('incoming'),
  },
  update: {
    none: () => applied('incoming'),
    insert: columnCell,
    update: columnCell,
    delete: revivalCell,
  },
  delete: {
    none: () => applied(null),
    insert: deleteCell,
    update: deleteCell,
    delete: () => applied(null),
  },
};

describe.each(policies)('MERGE5 scenario 2 under %s', (policy) => {
  const cells = deeds.flatMap((master) =>
    (['insert', 'update', 'delete'] as const).map((slave) => ({ slave, master })),
  );

  it.each(cells)('slave: $slave, master: $master', ({ slave, master }) => {
    // An insert meets no row where the master did nothing, since the slave had none either.
    const state =
      slave === 'insert' && master === 'none'
        ? { row: null, foreign: [], deletion: null }
        : masterAfter(master);
    const cell = matrix[slave][master](policy);
    const outcome = send(slave, state, policy);
    expect(outcome).toMatchObject({
      status: cell.status,
      next: cell.row === null ? null : rows[cell.row],
      conflict:
        cell.status === 'conflict' ? { outcome: cell.outcome, state: cell.state, policy } : null,
    });
  });

  it.each(deeds)('slave: none, master: %s, leaves what the master has', (master) => {
    const state = masterAfter(master);
    // Nothing done is nothing sent; the nearest thing is a change to what is there already.
    if (state.row === null) return;
    const echo = incoming({ values: { name: state.row['name'] ?? null }, changedAt: at(50) });
    expect(merge(echo, state, goodsTable({ conflictPolicy: policy }))).toMatchObject({
      next: state.row,
      conflict: null,
    });
  });

  it.each(cells)('P18 nothing is lost without a record: slave $slave, master $master', (cell) => {
    const state =
      cell.slave === 'insert' && cell.master === 'none'
        ? { row: null, foreign: [], deletion: null }
        : masterAfter(cell.master);
    const outcome = send(cell.slave, state, policy);
    if (outcome.status === 'rejected' || cell.master === 'none') return;
    const names = [state.row?.['name'], cell.slave === 'delete' ? undefined : 'Incoming'];
    const kept = [outcome.next, outcome.conflict?.master, outcome.conflict?.incoming];
    const isSilent = policy === 'greatest' || policy === 'least';
    for (const name of names) {
      if (name === undefined || (isSilent && outcome.conflict === null)) continue;
      expect(kept.map((row) => row?.['name'])).toContain(name);
    }
  });
});
