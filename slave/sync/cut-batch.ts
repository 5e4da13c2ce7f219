import { isValidKey } from '../../common/core/canonical-value.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import { MAX_BODY_BYTES } from '../../common/protocol/version.ts';
import type { CurrentBatch, OutboxEntry, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import { joinRow } from './join-row.ts';
import { loadLocalWork, type LocalWork } from './local-work.ts';
import { setAside, type RejectReason } from './set-aside.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Most bytes of row images in one upload: small enough for slow lines, and far below what a master takes. */
const MAX_BATCH_BYTES = MAX_BODY_BYTES / 4;

/** A batch that is written down, with its entries. */
export interface PreparedBatch {
  readonly batch: CurrentBatch;
  readonly entries: readonly OutboxEntry[];
  /** It was sent before and the answer is not known, so the master may have it: its content must stay as it is. */
  readonly mayBeTaken: boolean;
  /** What else was sent with it then. */
  readonly rest: CurrentBatch | null;
}

/**
 * The batch to send next: the one on its way if there is one, unchanged; else a new one from the oldest entries,
 * written down in this transaction (rule ONCE1). Changes that cannot go out are set aside first (P6, P13).
 *
 * @param partSize most entries of a repeated batch; the rest of it follows, unchanged too.
 * @returns null when the outbox is empty.
 */
export async function cutBatch(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  partSize = Infinity,
): Promise<PreparedBatch | null> {
  const current = await tx.currentBatch();
  if (current !== null) return repeatBatch(tx, deps, current, partSize);
  const { batchLimit } = await tx.state();
  const limit = Math.min(batchLimit, deps.batchSize);
  const seen = await tx.outbox(0, limit, MAX_BATCH_BYTES);
  const isAll = (await tx.outbox(seen.at(-1)?.operation ?? 0, 1, 1)).length === 0;
  const isChanged = await setAsideUnfit(tx, deps, seen);
  const entries = isChanged ? await readAgain(tx, seen, isAll ? limit : seen.length) : seen;
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return null;
  const batch = {
    batchId: deps.randomId(),
    firstOperation: first.operation,
    lastOperation: last.operation,
  };
  await tx.saveBatch(batch);
  return { batch, entries, mayBeTaken: false, rest: null };
}

/** A part goes by an id of its own; the master knows what it has of it by the operation numbers (rule ONCE2). */
async function repeatBatch(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  current: CurrentBatch,
  partSize: number,
): Promise<PreparedBatch> {
  const all = await entriesOf(tx, current);
  if (all.length <= partSize) return { batch: current, entries: all, mayBeTaken: true, rest: null };
  const entries = all.slice(0, partSize);
  const lastOperation = entries.at(-1)?.operation ?? current.lastOperation;
  return {
    batch: { ...current, batchId: deps.randomId(), lastOperation },
    entries,
    mayBeTaken: true,
    rest: { ...current, batchId: deps.randomId(), firstOperation: lastOperation + 1 },
  };
}

/** The entries as they are now; where they were all, joined changes that were added behind them come along. */
async function readAgain(
  tx: SlaveWriteTx,
  seen: readonly OutboxEntry[],
  limit: number,
): Promise<readonly OutboxEntry[]> {
  return tx.outbox((seen[0]?.operation ?? 1) - 1, limit, MAX_BATCH_BYTES);
}

async function entriesOf(tx: SlaveWriteTx, batch: CurrentBatch): Promise<readonly OutboxEntry[]> {
  const count = batch.lastOperation - batch.firstOperation + 1;
  return tx.outbox(batch.firstOperation - 1, count, Number.MAX_SAFE_INTEGER);
}

/** Sets aside what cannot be sent and joins what waits behind it; returns whether entries became voids. */
async function setAsideUnfit(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  entries: readonly OutboxEntry[],
): Promise<boolean> {
  const now = deps.clock.nowIso();
  let isChanged = false;
  const byTable = Map.groupBy(
    entries.filter((entry) => !entry.isVoid),
    (entry) => entry.table,
  );
  for (const [name, own] of byTable) {
    const ids = [...new Set(own.map((entry) => entry.id))];
    const table = deps.tables.byName.get(name);
    const reason = refusedTable(table, name);
    if (table === undefined || reason !== null) {
      await setAsideTable(tx, name, ids, { reason: reason ?? unknownTable(name), now });
      isChanged = true;
      continue;
    }
    for (const entry of own.filter(hasStrangeKey)) {
      // By itself, not with others of its key: what the key says cannot be trusted.
      const work = { pending: [entry], rejected: [], shadow: undefined };
      await setAside(tx, work, [{ entry, reason: STRANGE_KEY }], now);
      isChanged = true;
    }
    const fit = own.filter((entry) => !hasStrangeKey(entry));
    isChanged = (await joinRows(tx, deps, table, fit)) || isChanged;
  }
  return isChanged;
}

const STRANGE_KEY: RejectReason = {
  code: 'key_invalid',
  detail: 'the id must be valid text of 1 to 64 characters',
};

/** Keys that are too long, bytes, or no valid text: the row cannot be told from others on the way. */
function hasStrangeKey(entry: OutboxEntry): boolean {
  if (!isValidKey(entry.id)) return true;
  // The driver shows bytes that are no UTF-8 as U+FFFD; the image knows.
  return entry.id.includes('\uFFFD') && !entry.after.ok;
}

function refusedTable(table: TableDefinition | undefined, name: string): RejectReason | null {
  if (table === undefined) return unknownTable(name);
  if (table.sync.direction !== 'down') return null;
  return { code: 'row_direction', detail: `table ${name} is only changed at the master` };
}

function unknownTable(name: string): RejectReason {
  return { code: 'table_unknown', detail: `table ${name} is not declared here` };
}

async function setAsideTable(
  tx: SlaveWriteTx,
  table: string,
  ids: readonly string[],
  why: { readonly reason: RejectReason; readonly now: string },
): Promise<void> {
  for (const work of (await loadLocalWork(tx, table, ids)).values()) {
    await setAside(
      tx,
      work,
      work.pending.map((entry) => ({ entry, reason: why.reason })),
      why.now,
    );
  }
}

/** Joins rows that cannot go out change by change, and drops those that were made and deleted again before they did. */
async function joinRows(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  table: TableDefinition,
  entries: readonly OutboxEntry[],
): Promise<boolean> {
  if (entries.length === 0) return false;
  const ids = [...new Set(entries.map((entry) => entry.id))];
  const unfit = new Set(
    (await tx.rejected({ direction: 'up', table: table.name, ids })).map((change) => change.id),
  );
  for (const entry of entries) {
    if (entry.action !== 'delete' && !entry.after.ok) unfit.add(entry.id);
  }
  const joined = [...new Set([...unfit, ...madeAndDeleted(entries)])];
  if (joined.length === 0) return false;
  const rows = await tx.rows(table.name, joined);
  const works = await loadLocalWork(tx, table.name, joined);
  let isChanged = false;
  for (const [id, work] of works) {
    if (!unfit.has(id) && !isUndone(work)) continue;
    await joinRow(tx, deps, { table, id, work, current: rows.get(id) });
    isChanged = true;
  }
  return isChanged;
}

function madeAndDeleted(entries: readonly OutboxEntry[]): readonly string[] {
  const idsOf = (action: OutboxEntry['action']): readonly string[] =>
    entries.filter((entry) => entry.action === action).map((entry) => entry.id);
  const deleted = new Set(idsOf('delete'));
  return idsOf('create').filter((id) => deleted.has(id));
}

/** Nobody else has seen such a row, and another that somebody made under the same key is not meant by its deletion. */
function isUndone({ pending }: LocalWork): boolean {
  return pending[0]?.action === 'create' && pending.at(-1)?.action === 'delete';
}
