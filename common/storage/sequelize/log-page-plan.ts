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
  const wanted = cutByBytes(changes, Math.min(request.limit, changes.length), maxBytes);
  let count = wanted;
  const transaction = changes[wanted - 1]?.transaction ?? null;
  while (transaction !== null && count < changes.length && changes[count]?.transaction === transaction) {
    count += 1;
    // Too long, or too large, to wait for its end: the receiver keeps the parts aside.
    if (count >= request.hardLimit) break;
  }
  const tooLarge = bytesOf(changes.slice(wanted, count)) > maxBytes;
  if (tooLarge) count = wanted;
  const end = changes[count - 1]?.position ?? request.after;
  const hasMore = count < changes.length || !complete;
  const next = changes[count];
  const endKnown = tooLarge || count < changes.length || complete || count >= request.hardLimit;
  const cutsKnown = next !== undefined && transaction !== null && next.transaction === transaction;
  const cutsUnknown = next !== undefined && transaction === null && next.transaction === null;
  return { end, hasMore, partial: cutsKnown || cutsUnknown || (hasMore && next === undefined), needsMore: !endKnown };
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
