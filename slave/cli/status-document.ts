import type { SlaveStatus } from '../control/control.ts';
import { toStatusFile } from '../control/status-file.ts';

/** What `sync:status --json` prints: the fields of the status file, and what only the database knows. */
export function statusDocument(status: SlaveStatus): Readonly<Record<string, unknown>> {
  return {
    ...toStatusFile(status, status.updatedAt),
    incarnation: status.incarnation,
    cursor: status.cursor,
    clock_offset_ms: status.clockOffsetMs,
    daemon:
      status.daemon === null
        ? null
        : { pid: status.daemon.pid, started_at: status.daemon.startedAt },
    tables: status.tables.map(({ table, rows, pending, rejected, openConflicts }) => ({
      table,
      rows,
      pending,
      rejected,
      open_conflicts: openConflicts,
    })),
  };
}
