import { expect } from 'vitest';
import { defineTable, integer, key, text } from '../../common/core/table-definition.ts';
import {
  notesLatest,
  notesManual,
  notesMaster,
  notesSlave,
} from '../../common/storage/contract/sample-tables.testkit.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import {
  expectSettled,
  pair,
  syncAll,
  syncWell,
  tick,
  valueOf,
  type Fleet,
  type OpenFleet,
  type Scenarios,
} from '../harness/fleet.ts';

const tallies = defineTable({
  name: 'notes_counter',
  columns: { id: key(), body: text(), amount: integer({ counter: true, default: 0 }) },
  sync: { conflictPolicy: 'counter' },
});
const definitions = [notesLatest, notesMaster, notesSlave, notesManual, tallies];
const policies = ['latest', 'master', 'slave', 'manual', 'counter'] as const;
const kinds = ['none', 'insert', 'update', 'delete'] as const;

type Policy = (typeof policies)[number];
type Kind = (typeof kinds)[number];
type Side = 'here' | 'there';

/** One cell of the matrix: what the slave does to a row, and what others do to it meanwhile. */
interface Cell {
  readonly policy: Policy;
  readonly here: Kind;
  readonly there: Kind;
  readonly id: string;
}

const cells: readonly Cell[] = policies.flatMap((policy) =>
  kinds.flatMap((here) => kinds.map((there) => ({ policy, here, there, id: `${here}-${there}` }))),
);

/** Every pair of edits that did not know each other, under every policy. */
export const matrix: Scenarios = {
  'S2 P3 4 x 4 edits against the master, whose edits are later': (open) =>
    meet(open, { others: 'master', later: 'there' }),
  'S2 P3 4 x 4 edits against the master, whose edits are earlier': (open) =>
    meet(open, { others: 'master', later: 'here' }),
  'S2 P3 4 x 4 edits against another slave, whose edits are later': (open) =>
    meet(open, { others: 'slave', later: 'there' }),
  'S2 P3 4 x 4 edits against another slave, whose edits are earlier': (open) =>
    meet(open, { others: 'slave', later: 'here' }),
};

async function meet(
  open: OpenFleet,
  { others, later }: { readonly others: 'master' | 'slave'; readonly later: Side },
): Promise<void> {
  const fleet = await open({ slaves: ['a', 'b'], definitions });
  const [a, b] = pair(fleet);
  const sides = { here: a.app, there: others === 'master' ? fleet.master.sql : b.app };
  await fleet.master.sql.script(cells.filter(hasBase).map(baseRow).join(';'));
  await syncAll(fleet);
  const order: readonly Side[] = later === 'there' ? ['here', 'there'] : ['there', 'here'];
  for (const side of order) {
    await edit(sides[side], side);
    await tick();
  }
  await syncWell(b);
  await syncWell(a);
  await syncWell(b);
  await expectSettled(fleet);
  const found: unknown[] = [];
  for (const cell of cells) found.push(await bodyOf(fleet, cell));
  const wanted = cells.map((cell) => expectedBody(cell, later));
  expect(labelled(found)).toEqual(labelled(wanted));
  expect(await valueOf(a.app, 'notes_counter', 'update-update', 'amount')).toBe('118');
  await expectLosersKept(fleet);
}

function labelled(values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    cells.map(({ policy, id }, index) => [`${policy} ${id}`, values[index]]),
  );
}

/** Where one side inserts, the row is not there before; the other side then inserts too, and goes on from there. */
function hasBase({ here, there }: Cell): boolean {
  return here !== 'insert' && there !== 'insert';
}

function baseRow(cell: Cell): string {
  return insertRow(cell, 'base', 100);
}

function insertRow({ policy, id }: Cell, body: string, amount: number): string {
  return policy === 'counter'
    ? `INSERT INTO notes_counter (id, body, amount) VALUES ('${id}', '${body}', ${amount})`
    : `INSERT INTO notes_${policy} (id, body) VALUES ('${id}', '${body}')`;
}

async function edit(connection: ForeignConnection, side: Side): Promise<void> {
  await connection.script(`BEGIN; ${cells.map((cell) => statements(cell, side)).join('')} COMMIT`);
}

function statements(cell: Cell, side: Side): string {
  const { policy, id } = cell;
  const kind = cell[side];
  const table = `notes_${policy}`;
  if (kind === 'none') return '';
  const insert = hasBase(cell) ? '' : `${insertRow(cell, side, 10)};`;
  if (kind === 'insert') return insert;
  if (kind === 'delete') return `${insert} DELETE FROM ${table} WHERE id = '${id}';`;
  const amount = policy === 'counter' ? `, amount = amount + ${side === 'here' ? 5 : 13}` : '';
  return `${insert} UPDATE ${table} SET body = '${side} again'${amount} WHERE id = '${id}';`;
}

async function bodyOf(fleet: Fleet, { policy, id }: Cell): Promise<unknown> {
  const body = await valueOf(fleet.master.sql, `notes_${policy}`, id, 'body');
  return typeof body === 'string' ? body.replace(' again', '') : body;
}

/** Whose text stands at the end, by the rules alone; undefined: no row. */
function expectedBody(cell: Cell, later: Side): string | undefined {
  const { policy, here, there } = cell;
  if (here === 'none' && there === 'none') return 'base';
  if (here === 'none') return there === 'delete' ? undefined : 'there';
  if (there === 'none') return here === 'delete' ? undefined : 'here';
  if (here === 'delete' && there === 'delete') return undefined;
  // A row that was made and deleted before it was ever sent is nobody's business.
  if (here === 'delete') return policy === 'slave' && hasBase(cell) ? undefined : 'there';
  // A row made anew here owes nothing to one that others made and deleted.
  if (there === 'delete') return hasBase(cell) && isMasterStrong(policy) ? undefined : 'here';
  if (policy === 'slave') return 'here';
  return isMasterStrong(policy) ? 'there' : later;
}

function isMasterStrong(policy: Policy): boolean {
  return policy === 'master' || policy === 'manual';
}

/** P18: wherever somebody's edit did not come through, a conflict says so; the manual ones wait for a person. */
async function expectLosersKept({ master }: Fleet): Promise<void> {
  const conflicts = await master.sql.all<{ place: string; state: string; reason: string }>(
    "SELECT table_name || ' ' || record_id AS place, state, reason FROM sync_conflicts",
  );
  const met = cells.filter(
    (cell) =>
      cell.here !== 'none' && cell.there !== 'none' && hasBase(cell) && !isBothDeleted(cell),
  );
  const places = new Set(conflicts.map(({ place }) => place));
  const unkept = met.filter(({ policy, id }) => !places.has(`notes_${policy} ${id}`));
  expect(unkept).toEqual([]);
  const open = conflicts.filter(({ state }) => state === 'open').map(({ place }) => place);
  expect(open.filter((place) => !place.startsWith('notes_manual'))).toEqual([]);
  expect(open).toEqual(
    expect.arrayContaining([
      'notes_manual update-update',
      'notes_manual update-delete',
      'notes_manual delete-update',
    ]),
  );
  expect(conflicts.filter(({ reason }) => reason === '')).toEqual([]);
}

function isBothDeleted({ here, there }: Cell): boolean {
  return here === 'delete' && there === 'delete';
}
