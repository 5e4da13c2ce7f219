import { grown, halved } from '../../common/core/adaptive-size.ts';
import { SyncError, toSyncError } from '../../common/core/sync-error.ts';
import type { DownloadCounts } from '../../common/core/sync-report.ts';
import type { DownloadAnswer, DownloadQuery } from '../../common/protocol/download.ts';
import type { SlaveSyncState, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { Answer, ExchangeIdentity } from '../transport/master-client.ts';
import { applyChanges } from './apply-changes.ts';
import { countDownloaded, countRequest, throwIfCancelled, type CycleRun } from './cycle-run.ts';
import { identityOf, settledExchange } from './exchange.ts';
import { readPage, readStagedPage, stagedText, type CheckedPage } from './read-page.ts';
import { retryIncoming } from './retry-incoming.ts';

/** Rows kept aside for the end of their transaction; beyond that they are applied as they are (rule DOWN3). */
const MAX_STAGED_ROWS = 20_000;

/** Rows of one page at most: large enough to be quick, small enough to be held twice in memory. */
const MAX_PAGE_RECORDS = 2000;

/** The next page, asked for while the one before is written. */
interface PageAhead {
  readonly answer: Promise<Answer<DownloadAnswer>>;
  readonly limit: number;
  readonly drop: () => void;
}

/**
 * Downloads until the master has nothing more (rule CYCLE1). Each page, its cursor and the rebased local changes are
 * one transaction (rule CYCLE2); a page with a wrong row is refused whole and the cursor stays.
 *
 * @throws SyncError what stopped it.
 */
export async function downloadChanges(run: CycleRun): Promise<void> {
  await retryIncoming(run.deps);
  const refusedBefore = run.report.downloaded.rejected;
  let ahead: PageAhead | null = null;
  do {
    throwIfCancelled(run);
    ahead = await downloadPage(run, ahead);
  } while (ahead !== null);
  // A row may have been refused for another that came with a later page.
  if (run.report.downloaded.rejected > refusedBefore) await retryIncoming(run.deps);
}

/** Takes one page and returns the one asked for behind it; null when there is no more. */
async function downloadPage(run: CycleRun, ahead: PageAhead | null): Promise<PageAhead | null> {
  const { store, tables } = run.deps;
  const state = await store.read((tx) => tx.state());
  const asked = ahead ?? askFrom(run, state);
  const answer = await received(run, asked);
  countRequest(run, answer.meta);
  const { body } = answer;
  const page = readPage(tables, body);
  if (body.has_more && body.cursor === state.cursor) {
    throw new SyncError(
      'transport_invalid_answer',
      'the page has more to come but its cursor does not move',
    );
  }
  const next = body.has_more ? askBehind(run, state, body.cursor) : null;
  try {
    const counts = await store.write((tx) => settlePage(tx, run, answer, page));
    if (counts !== null) countDownloaded(run, counts);
  } catch (error) {
    next?.drop();
    throw error;
  }
  noticeUnknown(run, page);
  await tellProgress(run, page.records.length);
  return next;
}

async function tellProgress(run: CycleRun, records: number): Promise<void> {
  const loading = await run.deps.store.read(async (tx) => (await tx.state()).loading);
  run.onProgress({
    kind: 'downloaded',
    records,
    total: loading?.rows ?? run.report.downloaded.records,
    expected: loading?.totalRows ?? null,
  });
}

function askFrom(run: CycleRun, state: SlaveSyncState): PageAhead {
  const limit = Math.max(1, Math.min(MAX_PAGE_RECORDS, state.pageLimit));
  const query = state.cursor === null ? { limit } : { limit, cursor: state.cursor };
  return ask(run, query, identityOf(state));
}

/** The exchange was begun with the page before, so this request needs no proof of its own (rule ID1). */
function askBehind(run: CycleRun, state: SlaveSyncState, cursor: string): PageAhead {
  const limit = grown(Math.max(1, Math.min(MAX_PAGE_RECORDS, state.pageLimit)), MAX_PAGE_RECORDS);
  return ask(run, { limit, cursor }, { ...identityOf(state), nonce: null, exchangeId: null });
}

function ask(
  run: CycleRun,
  query: DownloadQuery & { readonly limit: number },
  identity: ExchangeIdentity,
): PageAhead {
  const dropped = new AbortController();
  const signal = AbortSignal.any([run.signal, dropped.signal]);
  const answer = run.deps.client.download(query, identity, signal);
  // Whoever waits for it sees a failure; until then it must not count as unhandled.
  answer.catch(() => undefined);
  return { answer, limit: query.limit, drop: () => dropped.abort() };
}

async function received(run: CycleRun, asked: PageAhead): Promise<Answer<DownloadAnswer>> {
  try {
    return await asked.answer;
  } catch (thrown) {
    const error = toSyncError(thrown);
    if (error.code === 'transport_timeout') {
      await run.deps.store.write((tx) => tx.patchState({ pageLimit: halved(asked.limit) }));
    }
    throw error;
  }
}

/** Keeps a partial page aside (null), or applies it with those kept aside before. */
async function settlePage(
  tx: SlaveWriteTx,
  run: CycleRun,
  { body, meta }: Answer<DownloadAnswer>,
  page: CheckedPage,
): Promise<DownloadCounts | null> {
  const state = await tx.state();
  const common = {
    ...settledExchange(state, meta),
    cursor: body.cursor,
    pageLimit: body.has_more ? grown(state.pageLimit, MAX_PAGE_RECORDS) : state.pageLimit,
  };
  const staged = await tx.stagedRows();
  const mayWait =
    body.partial === true && body.has_more && staged + body.records.length <= MAX_STAGED_ROWS;
  if (mayWait) {
    await tx.stagePage(stagedText(body), body.records.length);
    await tx.patchState(common);
    return null;
  }
  const pages = [...(await stagedPages(tx, run, staged)), page];
  const counts = await applyChanges(tx, run.deps, pages, body.last_op);
  await tx.clearStaged();
  await tx.patchState({ ...common, ...progressAfter(run, state, body, counts.records) });
  await tx.forgetAcknowledged(body.position);
  await tx.pruneShadows();
  return counts;
}

async function stagedPages(
  tx: SlaveWriteTx,
  run: CycleRun,
  staged: number,
): Promise<readonly CheckedPage[]> {
  if (staged === 0) return [];
  return (await tx.stagedPages()).map((page) => readStagedPage(run.deps.tables, page.text));
}

function progressAfter(
  run: CycleRun,
  state: SlaveSyncState,
  body: DownloadAnswer,
  records: number,
): Pick<SlaveSyncState, 'position' | 'loading' | 'progressCounter'> {
  const isLoading = body.snapshot !== undefined && body.has_more;
  // While a resync runs some rows are still old: changes made to them must not claim to know the new ones.
  const isOld = isLoading && state.loading?.resync === true;
  return {
    position: isOld ? state.position : body.position,
    loading: isLoading ? loadingAfter(run, state, body) : null,
    progressCounter: state.progressCounter + (records > 0 ? 1 : 0),
  };
}

function loadingAfter(
  run: CycleRun,
  state: SlaveSyncState,
  body: DownloadAnswer,
): SlaveSyncState['loading'] {
  const before = state.loading ?? {
    rows: 0,
    totalRows: 0,
    startedAt: run.deps.clock.nowIso(),
    resync: false,
    keepLocalOnly: false,
  };
  const rows = before.rows + body.records.length;
  return {
    ...before,
    rows,
    totalRows: Math.max(rows, before.totalRows, body.snapshot?.total_rows ?? 0),
  };
}

function noticeUnknown(run: CycleRun, page: CheckedPage): void {
  for (const table of page.unknownTables) {
    const message = `the master has a table ${table} that this program does not know; its rows were left out`;
    run.onProgress({ kind: 'notice', code: 'table_unknown', message });
    run.deps.log.warn('unknown table left out', { table });
  }
}
