import { formatCursor, type Cursor } from '../../common/core/cursor.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import type { MasterReadTx } from '../../common/storage/master-store.ts';
import { resolveStart, type DownloadStart } from './download-start.ts';
import type { RequestIdentity } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';
import { selectRecords } from './select-records.ts';
import { snapshotPage } from './snapshot-page.ts';

/** A page is asked for by cursor or time; `tables` names the wanted tables, all when absent. */
export interface DownloadRequest extends DownloadStart {
  readonly tables?: readonly string[];
  readonly limit: number;
}

/** Longest transaction that is kept in one page, in changes (rule DOWN3). */
const HARD_LIMIT = 10_000;

/** Changes of one piece of a whole answer. */
const STREAM_LIMIT = 1000;

/**
 * Serves one page (rules DOWN1 to DOWN4, DOWN6).
 *
 * @throws SyncError `cursor_invalid`, `epoch_changed`, `cursor_expired`.
 */
export async function serveDownload(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: DownloadRequest,
): Promise<DownloadAnswer> {
  await deps.store.numberChanges(deps.clock.nowIso(), identity.slave === null);
  const tables = servedTables(deps, identity, request.tables);
  return deps.store.read(async (tx) => {
    const cursor = await resolveStart(tx, request, tables[0]?.name);
    const page =
      cursor.kind === 'snapshot'
        ? await snapshotPage(deps, tx, cursor, { tables, limit: request.limit })
        : await logPage(deps, tx, {
            cursor,
            tables,
            receiver: identity.name,
            limit: request.limit,
          });
    return { ...page, ...(await lastOperation(tx, identity)) };
  });
}

/** How far the receiver's own operations are in what it gets, so that it shows none of them twice (rule REBASE2). */
async function lastOperation(
  tx: MasterReadTx,
  { name, slave }: RequestIdentity,
): Promise<Pick<DownloadAnswer, 'last_op'>> {
  if (slave === null) return {};
  const state = await tx.slave(name);
  return { last_op: state?.incarnation === slave.incarnation ? state.lastOperation : 0 };
}

/**
 * The whole answer at once, for plain clients that know no pages (rule DOWN5), as pieces of JSON text. Memory
 * stays bounded; a broken connection leaves incomplete JSON, so a cut answer is never taken for a whole one.
 */
export async function* streamDownload(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: Omit<DownloadRequest, 'limit' | 'cursor'>,
): AsyncGenerator<string> {
  let page = await serveDownload(deps, identity, { ...request, limit: STREAM_LIMIT });
  let separator = '';
  yield '{"records":[';
  for (;;) {
    for (const record of page.records) {
      yield separator + JSON.stringify(record);
      separator = ',';
    }
    if (!page.has_more) break;
    const { tables } = request;
    page = await serveDownload(deps, identity, {
      ...(tables === undefined ? {} : { tables }),
      cursor: page.cursor,
      limit: STREAM_LIMIT,
    });
  }
  const { cursor, timestamp, position } = page;
  yield `],${JSON.stringify({ cursor, has_more: false, timestamp, position }).slice(1)}`;
}

/** Tables that this receiver gets: the named ones, else all; the product's own ones only slaves get unasked. */
function servedTables(
  deps: MasterDeps,
  identity: RequestIdentity,
  named: readonly string[] | undefined,
): readonly TableDefinition[] {
  return deps.tables.tables.filter((table) => {
    if (table.sync.direction === 'up') return false;
    if (named !== undefined) return named.includes(table.name);
    return identity.slave !== null || !table.internal;
  });
}

async function logPage(
  deps: MasterDeps,
  tx: MasterReadTx,
  request: {
    readonly cursor: Extract<Cursor, { kind: 'log' }>;
    readonly tables: readonly TableDefinition[];
    readonly receiver: string;
    readonly limit: number;
  },
): Promise<DownloadAnswer> {
  const { cursor, limit } = request;
  const page = await tx.logPage(
    { after: cursor.position, limit, hardLimit: HARD_LIMIT },
    request.tables.map((table) => table.name),
  );
  const { records, unreadable } = selectRecords(page.entries, request.receiver);
  for (const row of unreadable) deps.log.warn('a row cannot be sent exactly', row);
  const mark = await tx.markAtPosition(page.position);
  return {
    records: [...records],
    cursor: formatCursor({ kind: 'log', epoch: cursor.epoch, position: page.position }),
    has_more: page.hasMore,
    timestamp: mark.numberedAt,
    position: page.position,
    ...(page.partial ? { partial: true } : {}),
  };
}
