import { readConflict, type Conflict } from './read-conflict.ts';
import { SyncError } from './sync-error.ts';
import type { Row } from './table-definition.ts';

/** Name of the synced table that holds the conflicts (rule MERGE7). */
export const CONFLICT_TABLE = 'sync_conflicts';
const PAGE_ROWS = 500;
const DEFAULT_LIMIT = 200;

/** Which conflicts are meant; conditions add up. */
export interface ConflictFilter {
  readonly state?: Conflict['state'];
  readonly table?: string;
  readonly recordId?: string;
  /** Most conflicts returned, the newest of them; default 200. */
  readonly limit?: number;
}

/** A conflict with the row as it is now where it was asked for. */
export interface ShownConflict extends Conflict {
  /** Null when the row is not there, or cannot be read exactly. */
  readonly current: Row | null;
}

/** A conflict with what a decision about it needs. */
export interface FoundConflict {
  readonly conflict: Conflict;
  /** The conflict as a row of `sync_conflicts`. */
  readonly stored: Row;
  /** The row that it is about, as it is now; null when it is not there, or cannot be read exactly. */
  readonly current: Row | null;
}

/** A row as a store reads it; one that cannot be read exactly counts as absent. */
type ReadResult = { readonly ok: true; readonly row: Row } | { readonly ok: false };

/** At most `limit` rows of a table in key order after a key; null is the table's start. */
type ReadPage = (
  table: string,
  after: string | null,
  limit: number,
) => Promise<readonly { readonly id: string; readonly row: ReadResult }[]>;

/** Present rows by id. */
type ReadRows = (table: string, ids: readonly string[]) => Promise<ReadonlyMap<string, ReadResult>>;

/** Conflicts that fit, newest first. Reads the table page by page and holds no more than a page and the result. */
export async function findConflicts(
  readPage: ReadPage,
  filter: ConflictFilter,
): Promise<readonly Conflict[]> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  let newest: readonly Conflict[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Awaited<ReturnType<ReadPage>> = await readPage(CONFLICT_TABLE, after, PAGE_ROWS);
    const found = page
      .flatMap(({ row }) => (row.ok ? [readConflict(row.row)] : []))
      .filter((conflict) => fits(conflict, filter));
    newest = [...newest, ...found].toSorted(newestFirst).slice(0, limit);
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE_ROWS) return newest;
  }
}

/** One conflict and the row it is about, read in this order. @throws SyncError `data_not_found`. */
export async function findConflict(readRows: ReadRows, id: string): Promise<FoundConflict> {
  const image = (await readRows(CONFLICT_TABLE, [id])).get(id);
  if (image?.ok !== true) {
    throw new SyncError('data_not_found', `there is no conflict ${id}`, {
      hint: 'The command `conflicts list` shows those that there are.',
    });
  }
  const conflict = readConflict(image.row);
  const current = (await readRows(conflict.table, [conflict.recordId])).get(conflict.recordId);
  return { conflict, stored: image.row, current: current?.ok === true ? current.row : null };
}

function fits(conflict: Conflict, filter: ConflictFilter): boolean {
  return (
    (filter.state === undefined || conflict.state === filter.state) &&
    (filter.table === undefined || conflict.table === filter.table) &&
    (filter.recordId === undefined || conflict.recordId === filter.recordId)
  );
}

function newestFirst(a: Conflict, b: Conflict): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}
