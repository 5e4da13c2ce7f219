import type { IncomingChange, LoggedChange } from '../../common/core/change.ts';
import type { MergeOutcome, StoredRow } from '../../common/core/merge.ts';
import type { Row } from '../../common/core/table-definition.ts';
import type { ImageResult, MasterWriteTx, Tombstone } from '../../common/storage/master-store.ts';

/** What the master has of the rows that an upload is about, kept up to date while its records are merged. */
export interface UploadState {
  /** Present content; null where there is no row. Rows that cannot be read exactly are in `unreadable`. */
  readonly rows: Map<string, Row | null>;
  /** The same before the upload, to tell inserts from updates. */
  readonly before: ReadonlyMap<string, Row | null>;
  readonly unreadable: ReadonlyMap<string, Extract<ImageResult, { ok: false }>>;
  readonly logged: ReadonlyMap<string, readonly LoggedChange[]>;
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  /** Columns that earlier records of this upload changed, by row: they are settled with what others did. */
  readonly settled: Map<string, ReadonlySet<string>>;
}

/** Names a row across tables. */
export function rowKey(table: string, id: string): string {
  return `${table}/${id}`;
}

/** Loads and locks everything that merging an upload needs: a few statements a table, whatever the number of records. */
export async function loadUploadState(
  tx: MasterWriteTx,
  changes: readonly IncomingChange[],
): Promise<UploadState> {
  const rows = new Map<string, Row | null>();
  const unreadable = new Map<string, Extract<ImageResult, { ok: false }>>();
  const logged = new Map<string, readonly LoggedChange[]>();
  const tombstones = new Map<string, Tombstone>();
  for (const [table, group] of byTable(changes)) {
    const ids = [...new Set(group.map((change) => change.id))];
    const present = await tx.lockRows(table, ids);
    for (const id of ids) {
      const image = present.get(id);
      rows.set(rowKey(table, id), image?.ok ? image.row : null);
      if (image?.ok === false) unreadable.set(rowKey(table, id), image);
    }
    for (const [id, changesOfRow] of await changesSinceBase(tx, table, group)) {
      logged.set(rowKey(table, id), changesOfRow);
    }
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length === 0) continue;
    for (const [id, stone] of await tx.tombstones(table, missing)) {
      tombstones.set(rowKey(table, id), stone);
    }
  }
  return { rows, before: new Map(rows), unreadable, logged, tombstones, settled: new Map() };
}

async function changesSinceBase(
  tx: MasterWriteTx,
  table: string,
  changes: readonly IncomingChange[],
): ReturnType<MasterWriteTx['changesSince']> {
  const based = changes.filter((change) => change.baseVersion !== undefined);
  if (based.length === 0) return new Map();
  const oldest = Math.min(...based.map((change) => change.baseVersion ?? 0));
  return tx.changesSince(table, [...new Set(based.map((change) => change.id))], oldest);
}

/** The part of the state that merging one change needs; `writer` is whose own changes are not foreign. */
export function storedRowFor(
  state: UploadState,
  change: IncomingChange,
  writer: string,
): StoredRow {
  const key = rowKey(change.table, change.id);
  const row = state.rows.get(key) ?? null;
  const foreign = foreignChanges(state, change, writer);
  return { row, foreign, deletion: deletionOf(state, change, writer) };
}

/** Takes a change's outcome into the state, for the records behind it. */
export function takeOutcome(
  state: UploadState,
  key: string,
  outcome: Exclude<MergeOutcome, { status: 'rejected' }>,
): void {
  const before = state.rows.get(key) ?? null;
  const { next } = outcome;
  state.rows.set(key, next);
  const changed =
    before === null || next === null
      ? (outcome.revivedColumns ?? [])
      : Object.keys(next).filter((name) => next[name] !== before[name]);
  const former = next === null ? [] : (state.settled.get(key) ?? []);
  state.settled.set(key, new Set([...former, ...changed]));
}

function foreignChanges(
  state: UploadState,
  { table, id, baseVersion }: IncomingChange,
  writer: string,
): readonly LoggedChange[] {
  if (baseVersion === undefined) return [];
  const key = rowKey(table, id);
  const since = (state.logged.get(key) ?? []).filter(({ position }) => position > baseVersion);
  let settledColumns = state.settled.get(key) ?? new Set<string>();
  const foreign: LoggedChange[] = [];
  // Backwards, so that what the writer did itself is known when the changes before it are reached.
  for (const logged of since.toReversed()) {
    if (logged.origin !== writer) foreign.push({ ...logged, settledColumns });
    else settledColumns = new Set([...settledColumns, ...logged.columns]);
  }
  return foreign.toReversed();
}

function deletionOf(
  state: UploadState,
  { table, id, baseVersion = Infinity }: IncomingChange,
  writer: string,
): StoredRow['deletion'] {
  const key = rowKey(table, id);
  const before = state.before.get(key) ?? null;
  // Deleted by an earlier record of this upload.
  if (before !== null && (state.rows.get(key) ?? null) === null) {
    return { row: before, isForeign: false };
  }
  const stone = state.tombstones.get(key);
  if (stone === undefined) return null;
  return { row: stone.row, isForeign: stone.origin !== writer && stone.position > baseVersion };
}

function byTable(
  changes: readonly IncomingChange[],
): readonly (readonly [string, readonly IncomingChange[]])[] {
  return [...Map.groupBy(changes, (change) => change.table)].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
}
