import type { LogPageRequest } from '../master-store.ts';

/** What planning a page needs to know of a change: where, which transaction, how large. */
export interface PlannedChange {
  readonly position: number;
  /** Null where the database does not tell transactions apart. */
  readonly transaction: string | null;
  readonly bytes: number;
}

/** Where a page ends. */
export interface PagePlan {
  /** Last position of the page. */
  readonly end: number;
  readonly hasMore: boolean;
  readonly partial: boolean;
  /** More changes must be looked at before the page's end is known. */
  readonly needsMore: boolean;
}

/**
 * Finds a page's end (rule DOWN3): after `limit` changes or `maxBytes`, but not inside a transaction unless that is
 * longer than the hard limit or unknown.
 *
 * @param changes the changes after the cursor, in order; `complete` when there are no further ones.
 */
export function planLogPage(
  request: LogPageRequest,
  changes: readonly PlannedChange[],
  complete: boolean,
  maxBytes: number,
): PagePlan {
  const count = countForPage(request, changes, maxBytes);
  const last = changes[count - 1];
  const next = changes[count];
  const hasMore = next !== undefined || !complete;
  return {
    end: last?.position ?? request.after,
    hasMore,
    // Two changes without a transaction may belong together, and so may what was not looked at yet.
    partial: next === undefined ? hasMore : next.transaction === last?.transaction,
    needsMore: next === undefined && !complete && count < request.hardLimit,
  };
}

function countForPage(
  { limit, hardLimit }: LogPageRequest,
  changes: readonly PlannedChange[],
  maxBytes: number,
): number {
  const wanted = cutByBytes(changes, Math.min(limit, changes.length), maxBytes);
  const transaction = changes[wanted - 1]?.transaction ?? null;
  if (transaction === null) return wanted;
  let count = wanted;
  while (count < hardLimit && changes[count]?.transaction === transaction) count += 1;
  // Too large to wait for its end: the receiver keeps the parts aside.
  return bytesOf(changes.slice(wanted, count)) > maxBytes ? wanted : count;
}

function cutByBytes(changes: readonly PlannedChange[], limit: number, maxBytes: number): number {
  let bytes = 0;
  for (let index = 0; index < limit; index += 1) {
    bytes += changes[index]?.bytes ?? 0;
    if (bytes > maxBytes && index > 0) return index;
  }
  return limit;
}

function bytesOf(changes: readonly PlannedChange[]): number {
  return changes.reduce((sum, change) => sum + change.bytes, 0);
}
