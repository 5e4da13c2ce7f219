import type { CounterMove, IncomingChange } from '../../common/core/change.ts';
import type { ErrorCode } from '../../common/core/error-codes.ts';
import {
  isVoid,
  keepReferencedRow,
  mergeChange,
  type ConflictDraft,
  type MergeOutcome,
} from '../../common/core/merge.ts';
import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type {
  ChangeNote,
  MasterWriteTx,
  RowWrite,
  WriteFailure,
} from '../../common/storage/master-store.ts';
import { rowKey, storedRowFor, takeOutcome, type UploadState } from './upload-state.ts';

/** What became of one change of an upload. */
export interface AppliedChange {
  readonly change: IncomingChange;
  readonly status: 'applied' | 'merged' | 'conflict' | 'rejected';
  readonly error?: { readonly code: ErrorCode; readonly detail: string };
  readonly conflict: ConflictDraft | null;
}

/** What applying needs to know beside the state. */
export interface ApplyContext {
  readonly tx: MasterWriteTx;
  readonly state: UploadState;
  readonly tables: ReadonlyMap<string, TableDefinition>;
  readonly writer: string;
  readonly nowIso: string;
  /** Name of the transaction in the change log. */
  readonly transaction: string;
}

/** Results in order, and what the change log must be told. */
export interface AppliedUpload {
  readonly results: readonly AppliedChange[];
  readonly notes: readonly ChangeNote[];
}

interface Attempt {
  readonly change: IncomingChange;
  readonly outcome: MergeOutcome;
}

/**
 * Merges all changes in memory, writes the resulting rows set-based, and goes through a row's changes one by one
 * only where the database refused their sum (P6).
 */
export async function applyUpload(
  context: ApplyContext,
  changes: readonly IncomingChange[],
): Promise<AppliedUpload> {
  const attempts = changes.map((change): Attempt => ({
    change,
    outcome: mergeInto(context, change),
  }));
  const keys = [...new Set(changes.map((change) => rowKey(change.table, change.id)))];
  const failures = await write(context, keys, attempts);
  const settled = new Map(attempts.map((attempt) => [attempt.change, attempt.outcome]));
  for (const failure of failures) {
    const key = rowKey(failure.table, failure.id);
    const mine = attempts.filter(({ change }) => rowKey(change.table, change.id) === key);
    for (const attempt of await replay(context, key, mine, failure))
      settled.set(attempt.change, attempt.outcome);
  }
  const final = changes.map((change): Attempt => {
    const outcome = settled.get(change);
    if (outcome === undefined) throw new Error(`no outcome for ${rowKey(change.table, change.id)}`);
    return { change, outcome };
  });
  return { results: final.map(toApplied), notes: notesOf(final) };
}

function mergeInto(context: ApplyContext, change: IncomingChange): MergeOutcome {
  const table = context.tables.get(change.table);
  if (table === undefined)
    return { status: 'rejected', code: 'table_unknown', detail: change.table };
  const key = rowKey(change.table, change.id);
  const unreadable = context.state.unreadable.get(key);
  if (unreadable !== undefined) {
    const detail = `the master's own row cannot be read exactly (${unreadable.column}: ${unreadable.detail})`;
    return { status: 'rejected', code: unreadable.code, detail };
  }
  const stored = storedRowFor(context.state, change, context.writer);
  if (isVoid(change)) {
    return { status: 'applied', next: stored.row, conflict: null, moves: {}, countedAt: null };
  }
  const outcome = mergeChange(
    { table, writer: context.writer, nowIso: context.nowIso },
    change,
    stored,
  );
  if (outcome.status !== 'rejected') takeOutcome(context.state, key, outcome);
  return outcome;
}

async function write(
  context: ApplyContext,
  keys: readonly string[],
  attempts: readonly Attempt[],
): Promise<readonly WriteFailure[]> {
  const places = new Map(attempts.map(({ change }) => [rowKey(change.table, change.id), change]));
  const writes = keys.flatMap((key): readonly RowWrite[] => {
    const place = places.get(key);
    return place === undefined ? [] : writeOf(context.state, place.table, place.id);
  });
  if (writes.length === 0) return [];
  const origin = { slave: context.writer, transaction: context.transaction };
  return context.tx.applyWrites(writes, origin);
}

function writeOf(state: UploadState, table: string, id: string): readonly RowWrite[] {
  const key = rowKey(table, id);
  const before = state.before.get(key) ?? null;
  const row = state.rows.get(key) ?? null;
  if (row === null) return before === null ? [] : [{ kind: 'delete', table, id }];
  if (before === null) return [{ kind: 'insert', table, id, row }];
  return sameRow(before, row) ? [] : [{ kind: 'update', table, id, row }];
}

function sameRow(a: Row, b: Row): boolean {
  return Object.keys(b).every((name) => a[name] === b[name]);
}

/** Takes the changes of one refused row singly: those before the bad one stand, those behind it wait. */
async function replay(
  context: ApplyContext,
  key: string,
  attempts: readonly Attempt[],
  failure: WriteFailure,
): Promise<readonly Attempt[]> {
  const before = new Map(context.state.before);
  const state: UploadState = { ...context.state, before };
  state.rows.set(key, before.get(key) ?? null);
  state.settled.delete(key);
  const replayed: Attempt[] = [];
  let refused = false;
  for (const { change } of attempts) {
    if (refused) {
      replayed.push({
        change,
        outcome: {
          status: 'rejected',
          code: 'row_waits',
          detail: 'an earlier change of this row was rejected',
        },
      });
      continue;
    }
    const single = { ...context, state };
    const outcome = mergeInto(single, change);
    const [trouble] =
      attempts.length === 1 ? [failure] : await write(single, [key], [{ change, outcome }]);
    const kept =
      trouble === undefined
        ? outcome
        : refusedOutcome(context, change, before.get(key) ?? null, trouble);
    refused = kept.status === 'rejected';
    if (trouble !== undefined) state.rows.set(key, before.get(key) ?? null);
    before.set(key, state.rows.get(key) ?? null);
    replayed.push({ change, outcome: kept });
  }
  return replayed;
}

function refusedOutcome(
  context: ApplyContext,
  change: IncomingChange,
  present: Row | null,
  failure: WriteFailure,
): MergeOutcome {
  const table = context.tables.get(change.table);
  const isKept = change.action === 'delete' && failure.code === 'row_foreign_key';
  if (isKept && present !== null && table !== undefined && change.baseVersion !== undefined) {
    return keepReferencedRow(present, table);
  }
  return { status: 'rejected', code: failure.code, detail: failure.detail };
}

function toApplied({ change, outcome }: Attempt): AppliedChange {
  return outcome.status === 'rejected'
    ? {
        change,
        status: 'rejected',
        conflict: null,
        error: { code: outcome.code, detail: outcome.detail },
      }
    : { change, status: outcome.status, conflict: outcome.conflict };
}

/** One note a row: the time of its last change, every movement of its counters, whether its writer must see it. */
function notesOf(attempts: readonly Attempt[]): readonly ChangeNote[] {
  const notes = new Map<string, ChangeNote>();
  for (const { change, outcome } of attempts) {
    if (outcome.status === 'rejected' || isVoid(change)) continue;
    const key = rowKey(change.table, change.id);
    notes.set(key, joinNote(notes.get(key), change, outcome));
  }
  return [...notes.values()];
}

function joinNote(
  known: ChangeNote | undefined,
  change: IncomingChange,
  outcome: Exclude<MergeOutcome, { status: 'rejected' }>,
): ChangeNote {
  // What happened to a deleted row has nothing to do with the one that takes its place.
  const former = known?.life === 'ended' ? undefined : known;
  const countedAt = outcome.countedAt ?? former?.countedAt ?? null;
  return {
    table: change.table,
    id: change.id,
    changedAt: change.changedAt,
    echo: known?.echo === true || outcome.status !== 'applied',
    countedAt,
    moves: movesSince(former, outcome, countedAt),
    revivedColumns: revivedColumns(former?.revivedColumns ?? null, change, outcome),
    life: lifeAfter(known, outcome),
  };
}

function lifeAfter(
  former: ChangeNote | undefined,
  { next }: Exclude<MergeOutcome, { status: 'rejected' }>,
): ChangeNote['life'] {
  if (next === null) return 'ended';
  return former?.life === 'ended' ? 'anew' : (former?.life ?? 'same');
}

function movesSince(
  former: ChangeNote | undefined,
  outcome: Exclude<MergeOutcome, { status: 'rejected' }>,
  countedAt: string | null,
): ChangeNote['moves'] {
  const earlier = outcome.countedAt === null ? (former?.moves ?? {}) : {};
  const moves = joinMoves(earlier, outcome.moves);
  // Without moves of its own, what the trigger saw stands; of a count it saw a movement that was none.
  return countedAt === null && Object.keys(moves).length === 0 ? null : moves;
}

/** What a revived row was changed in, later records of the upload included: the log holds one change for all. */
function revivedColumns(
  former: readonly string[] | null,
  change: IncomingChange,
  outcome: Exclude<MergeOutcome, { status: 'rejected' }>,
): readonly string[] | null {
  if (outcome.revivedColumns !== undefined) return outcome.revivedColumns;
  if (former === null || change.action === 'delete') return null;
  return [...new Set([...former, ...Object.keys({ ...change.values, ...change.deltas })])];
}

type Moves = Readonly<Record<string, readonly CounterMove[]>>;

function joinMoves(a: Moves, b: Moves): Moves {
  const joined: Record<string, readonly CounterMove[]> = { ...a };
  for (const [column, moves] of Object.entries(b))
    joined[column] = [...(joined[column] ?? []), ...moves];
  return joined;
}
