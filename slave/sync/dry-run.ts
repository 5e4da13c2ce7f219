import type { ErrorCode } from '../../common/core/error-codes.ts';
import { toSyncError } from '../../common/core/sync-error.ts';
import type { DownloadQuery } from '../../common/protocol/download.ts';
import type { OutboxEntry, SlaveSyncState } from '../../common/storage/slave-store.ts';
import { identityOf } from './exchange.ts';
import { readPage } from './read-page.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** How many changes of one kind. */
export interface ActionCount {
  readonly table: string;
  readonly action: string;
  readonly count: number;
}

/** What `--dry-run` shows: counts per table and action, rows, and what a download would bring. */
export interface DryRunReport {
  readonly upload: {
    readonly total: number;
    readonly counts: readonly ActionCount[];
    readonly rows: readonly DryRunRow[];
  };
  readonly download:
    | {
        readonly reachable: true;
        /** Records of the first page; with `hasMore` there are others. */
        readonly records: number;
        readonly hasMore: boolean;
        readonly counts: readonly ActionCount[];
      }
    | {
        readonly reachable: false;
        readonly error: { readonly code: ErrorCode; readonly message: string };
      };
}

/** One change that an upload would carry. */
export interface DryRunRow {
  readonly operation: number;
  readonly table: string;
  readonly id: string;
  readonly action: string;
  readonly columns: readonly string[];
}

/** Most rows listed; the counts hold all. */
const MAX_LISTED_ROWS = 200;

/** Shows what a cycle would do. Sends no change and changes nothing here; asks the master for one page, which it drops. */
export async function dryRun(deps: SlaveDeps, signal: AbortSignal): Promise<DryRunReport> {
  const { state, counts, entries } = await deps.store.read(async (tx) => ({
    state: await tx.state(),
    counts: await tx.pendingByTable(),
    entries: await tx.outbox(0, MAX_LISTED_ROWS, Number.MAX_SAFE_INTEGER),
  }));
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const rows = entries.filter((entry) => !entry.isVoid).map(rowOf);
  return { upload: { total, counts, rows }, download: await previewDownload(deps, state, signal) };
}

function rowOf(entry: OutboxEntry): DryRunRow {
  const { operation, table, id, action, columns } = entry;
  return { operation, table, id, action, columns };
}

async function previewDownload(
  deps: SlaveDeps,
  state: SlaveSyncState,
  signal: AbortSignal,
): Promise<DryRunReport['download']> {
  const query: DownloadQuery =
    state.cursor === null
      ? { limit: state.pageLimit }
      : { limit: state.pageLimit, cursor: state.cursor };
  try {
    // Without an exchange id the master hands out no new nonce, so nothing has to be written down here.
    const { body } = await deps.client.download(
      query,
      { ...identityOf(state), exchangeId: null },
      signal,
    );
    const { records } = readPage(deps.tables, body);
    const byKind = Map.groupBy(records, (record) => `${record.table.name} ${record.action}`);
    const counts = [...byKind.values()].flatMap((own) => {
      const [first] = own;
      return first === undefined
        ? []
        : [{ table: first.table.name, action: first.action, count: own.length }];
    });
    return { reachable: true, records: records.length, hasMore: body.has_more, counts };
  } catch (thrown) {
    const { code, message } = toSyncError(thrown);
    return { reachable: false, error: { code, message } };
  }
}
