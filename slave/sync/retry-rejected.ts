import type { ErrorCode } from '../../common/core/error-codes.ts';
import type { RejectedChange, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import { msFromIso } from './iso-time.ts';
import { joinRow } from './join-row.ts';
import { loadLocalWork } from './local-work.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Refusals that may end by themselves once other rows, or another program version, arrive. */
const CURABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'row_foreign_key',
  'row_unique',
  'row_constraint',
  'row_not_null',
  'row_missing',
  'row_waits',
  'table_unknown',
  'column_unknown',
]);

/** After this many attempts a change is tried at most once an hour. */
const QUICK_ATTEMPTS = 5;
const SLOW_RETRY_MS = 60 * 60_000;

/** Most set-aside changes that go out again in one cycle, so that many of them never hold up new work. */
const MAX_RETRIED = 2_000;
const PAGE_SIZE = 500;

/** Whether a set-aside change is due for another attempt; `progressCounter` must have moved since the last. */
export function isRetryDue(
  change: RejectedChange,
  progressCounter: number,
  nowMs: number,
): boolean {
  if (change.triedAtProgress >= progressCounter) return false;
  if (change.attempts < QUICK_ATTEMPTS) return true;
  const agoMs = nowMs - (msFromIso(change.lastRejectedAt) ?? 0);
  // A negative time means that the clock was set back; then it is due rather than lost (P11).
  return agoMs < 0 || agoMs >= SLOW_RETRY_MS;
}

/**
 * Puts set-aside changes that something new may have cured back into the outbox, one joined change a row (rule REJ1).
 * Does nothing while a batch is on its way. Returns how many rows go out again.
 */
export async function retryRejected(deps: SlaveDeps): Promise<number> {
  return deps.store.write(async (tx) => {
    if ((await tx.currentBatch()) !== null) return 0;
    const { progressCounter } = await tx.state();
    const due = await dueChanges(tx, progressCounter, deps.clock.nowMs());
    return joinRejected(tx, deps, due, (all) => all.every((change) => CURABLE.has(change.code)));
  });
}

/**
 * Joins the rows of the given set-aside changes into new outbox entries.
 *
 * @param mayGo decides by all set-aside changes of a row, since they go out together.
 * @returns how many rows go out again.
 */
export async function joinRejected(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  changes: readonly RejectedChange[],
  mayGo: (all: readonly RejectedChange[]) => boolean,
): Promise<number> {
  let rows = 0;
  for (const [name, own] of Map.groupBy(changes, (change) => change.table)) {
    const table = deps.tables.byName.get(name);
    if (table === undefined || table.sync.direction === 'down') continue;
    const ids = [...new Set(own.map((change) => change.id))];
    const present = await tx.rows(name, ids);
    for (const [id, work] of await loadLocalWork(tx, name, ids)) {
      if (!mayGo(work.rejected)) continue;
      if (await joinRow(tx, deps, { table, id, work, current: present.get(id) })) rows += 1;
    }
  }
  return rows;
}

async function dueChanges(
  tx: SlaveWriteTx,
  progressCounter: number,
  nowMs: number,
): Promise<readonly RejectedChange[]> {
  const due: RejectedChange[] = [];
  let after = 0;
  while (due.length < MAX_RETRIED) {
    const page = await tx.rejected({
      direction: 'up',
      triedBefore: progressCounter,
      after,
      limit: PAGE_SIZE,
    });
    due.push(
      ...page.filter(
        (change) => CURABLE.has(change.code) && isRetryDue(change, progressCounter, nowMs),
      ),
    );
    after = page.at(-1)?.rejectedId ?? after;
    if (page.length < PAGE_SIZE) break;
  }
  return due;
}
