import type { CounterMove, IncomingChange, LoggedChange } from './change.ts';
import type { MergeContext } from './merge-columns.ts';
import { mergeChange, type ConflictDraft, type MergeOutcome, type StoredRow } from './merge.ts';
import {
  decimal,
  defineTable,
  integer,
  key,
  text,
  timestamp,
  type Row,
  type TableDefinition,
  type TableSync,
} from './table-definition.ts';

/** Time of a test by its minute, so that `at(5)` is later than `at(4)`. */
export function at(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `2026-03-01T${two(Math.floor(minute / 60))}:${two(minute % 60)}:00.000Z`;
}

/** Goods with two counters, two plain columns, and times as the product's tables have them. */
export function goodsTable(sync: TableSync = {}): TableDefinition {
  return defineTable({
    name: 'goods',
    columns: {
      id: key(),
      name: text(),
      place: text({ nullable: true }),
      quantity: integer({ counter: true, default: 0 }),
      weight: decimal(10, 2, { counter: true, default: '0.00' }),
      updated_at: timestamp({ default: 'now', policy: 'greatest' }),
    },
    sync,
  });
}

/** A row of goods. */
export function goodsRow(overrides: Row = {}): Row {
  return {
    id: 'a',
    name: 'Tea',
    place: null,
    quantity: 10,
    weight: '1.50',
    updated_at: at(0),
    ...overrides,
  };
}

/** A slave's update of row `a`, made knowing position 10, at minute 30. */
export function incoming(overrides: Partial<IncomingChange> = {}): IncomingChange {
  return {
    table: 'goods',
    id: 'a',
    action: 'update',
    values: {},
    deltas: {},
    baseVersion: 10,
    changedAt: at(30),
    ...overrides,
  };
}

/** A change of a plain client, which knows no base version. */
export function plain(overrides: Partial<IncomingChange> = {}): IncomingChange {
  const { baseVersion: _base, ...rest } = incoming(overrides);
  return rest;
}

/** A change that another slave made at minute 20, unknown to the writer. */
export function logged(overrides: Partial<LoggedChange> = {}): LoggedChange {
  return {
    position: 11,
    action: 'update',
    columns: [],
    moves: {},
    countedAt: null,
    changedAt: at(20),
    origin: 'north',
    generation: 1,
    ...overrides,
  };
}

/** What the master has; a living row and nothing unknown unless said otherwise. */
export function stored(overrides: Partial<StoredRow> = {}): StoredRow {
  return { row: goodsRow(), foreign: [], deletion: null, ...overrides };
}

/** Merges as slave `south`. */
export function merge(
  change: IncomingChange,
  state: StoredRow,
  table: TableDefinition = goodsTable(),
): MergeOutcome {
  return mergeChange(contextOf(table), change, state);
}

/** Slave `south` at minute 60. */
function contextOf(table: TableDefinition, writer = 'south'): MergeContext {
  return { table, writer, nowIso: at(60) };
}

/** The outcome of a change that was not rejected. */
export function accepted(outcome: MergeOutcome): Exclude<MergeOutcome, { status: 'rejected' }> {
  if (outcome.status === 'rejected') throw new Error(`rejected: ${outcome.code} ${outcome.detail}`);
  return outcome;
}

/** A master of one row, which keeps the log that capture would write. */
export interface CoreMaster {
  readonly row: Row | null;
  readonly log: readonly LoggedChange[];
  readonly conflicts: readonly ConflictDraft[];
  readonly rejected: number;
}

/** A master with a row at position 10, known to everybody. */
export function masterWith(row: Row | null): CoreMaster {
  return { row, log: [], conflicts: [], rejected: 0 };
}

/** Takes a change as the master does: merges it with what its writer did not know, and logs what it did. */
export function receive(
  master: CoreMaster,
  writer: string,
  change: IncomingChange,
  table: TableDefinition = goodsTable(),
): CoreMaster {
  const outcome = mergeChange(contextOf(table, writer), change, storedFor(master, writer, change));
  if (outcome.status === 'rejected') return { ...master, rejected: master.rejected + 1 };
  const entry = loggedOf(master, writer, change, outcome);
  return {
    ...master,
    row: outcome.next,
    log: entry === null ? master.log : [...master.log, entry],
    conflicts:
      outcome.conflict === null ? master.conflicts : [...master.conflicts, outcome.conflict],
  };
}

function storedFor(master: CoreMaster, writer: string, change: IncomingChange): StoredRow {
  const base = change.baseVersion;
  const since = base === undefined ? [] : master.log.filter(({ position }) => position > base);
  const foreign = since.filter(({ origin }) => origin !== writer);
  const last = master.log.at(-1);
  const deletion =
    last?.action === 'delete'
      ? { row: lastContents.get(last) ?? null, isForeign: foreign.includes(last) }
      : null;
  return { row: master.row, foreign, deletion };
}

/** Content of a row before its delete, as the log's image keeps it. */
const lastContents = new WeakMap<LoggedChange, Row | null>();

function loggedOf(
  master: CoreMaster,
  writer: string,
  change: IncomingChange,
  outcome: Exclude<MergeOutcome, { status: 'rejected' }>,
): LoggedChange | null {
  const { row: before } = master;
  const { next } = outcome;
  const changed = Object.keys({ ...before, ...next }).filter(
    (name) => before?.[name] !== next?.[name],
  );
  if (changed.length === 0) return null;
  const common = {
    position: 11 + master.log.length,
    moves: outcome.moves,
    countedAt: outcome.countedAt,
    changedAt: change.changedAt,
    origin: writer,
    generation: 1,
  };
  if (next === null) {
    const entry: LoggedChange = { ...common, action: 'delete', columns: [] };
    lastContents.set(entry, before);
    return entry;
  }
  return before === null
    ? { ...common, action: 'create', columns: outcome.revivedColumns ?? [] }
    : { ...common, action: 'update', columns: changed };
}

/** A foreign movement of one counter. */
export function move(amount: string | number, minute: number): CounterMove {
  return { amount, at: at(minute) };
}
