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
  const latest = new Map<string, { entry: LogEntry; created: boolean; wanted: boolean }>();
  for (const entry of entries) {
    const key = `${entry.table}/${entry.id}`;
    const former = latest.get(key);
    const wanted = receiver === '' || entry.origin !== receiver || entry.echo;
    // Deleting first keeps the map in the order of last changes.
    latest.delete(key);
    latest.set(key, {
      entry,
      created: entry.action === 'create' || (former?.created ?? false),
      wanted: wanted || (former?.wanted ?? false),
    });
  }
  const records: DownloadRecord[] = [];
  const unreadable: SelectedRecords['unreadable'][number][] = [];
  for (const { entry, created, wanted } of latest.values()) {
    if (!wanted) continue;
    const { table, id, position, changedAt } = entry;
    if (entry.action === 'delete') {
      records.push({
        table,
        id,
        action: 'delete',
        data: null,
        version: position,
        updated_at: changedAt,
      });
    } else if (entry.row.ok) {
      const action = created ? 'create' : 'update';
      records.push({
        table,
        id,
        action,
        data: { ...entry.row.row },
        version: position,
        updated_at: changedAt,
      });
    } else {
      unreadable.push({ table, id, code: entry.row.code, column: entry.row.column });
    }
  }
  return { records, unreadable };
}
