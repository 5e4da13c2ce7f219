import type { DownloadRecord } from '../../common/protocol/download.ts';
import type { LogEntry } from '../../common/storage/master-store.ts';

/** The records of a log page, and what had to be left out. */
export interface SelectedRecords {
  readonly records: readonly DownloadRecord[];
  /** Rows that cannot be carried exactly (rule DOWN6). */
  readonly unreadable: readonly {
    readonly table: string;
    readonly id: string;
    readonly code: string;
    readonly column: string;
  }[];
}

/**
 * Turns log entries into records: each row once, as it was at the page's end (DOWN1), without the receiver's own
 * changes unless others were involved (ECHO1).
 *
 * @param entries in position order.
 * @param receiver name whose own changes stay away; empty for anonymous clients, who get everything.
 */
export function selectRecords(entries: readonly LogEntry[], receiver: string): SelectedRecords {
  const records: DownloadRecord[] = [];
  const unreadable: SelectedRecords['unreadable'][number][] = [];
  for (const selected of lastChanges(entries, receiver)) {
    if (!selected.isWanted) continue;
    const { table, id, row, action, position: version, changedAt } = selected.entry;
    const place = { table, id, version, updated_at: changedAt };
    if (action === 'delete') records.push({ ...place, action, data: null });
    else if (row.ok) records.push({ ...place, action: upsertOf(selected), data: { ...row.row } });
    else unreadable.push({ table, id, code: row.code, column: row.column });
  }
  return { records, unreadable };
}

/** The last change of a row within a page. */
interface LastChange {
  readonly entry: LogEntry;
  /** The row was made within the page. */
  readonly isNew: boolean;
  /** Some change of it was not the receiver's own. */
  readonly isWanted: boolean;
}

/** One a row, in the order of these changes. */
function lastChanges(entries: readonly LogEntry[], receiver: string): Iterable<LastChange> {
  const last = new Map<string, LastChange>();
  for (const entry of entries) {
    const key = `${entry.table}/${entry.id}`;
    const former = last.get(key);
    const isForeign = receiver === '' || entry.origin !== receiver || entry.echo;
    // Deleting first keeps the map in the order of last changes.
    last.delete(key);
    last.set(key, {
      entry,
      isNew: entry.action === 'create' || former?.isNew === true,
      isWanted: isForeign || former?.isWanted === true,
    });
  }
  return last.values();
}

function upsertOf({ isNew }: LastChange): 'create' | 'update' {
  return isNew ? 'create' : 'update';
}
