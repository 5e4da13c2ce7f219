import { isoFromMillis, millisOf } from './canonical-time.ts';

/** Differences below this are taken for the time a request travels, not for a wrong clock. */
const TOLERANCE_MS = 30_000;

/** Where a correction ends that would leave the calendar. */
const EARLIEST = '0001-01-01T00:00:00.000Z';

/**
 * Corrects the times of a slave's changes to the master's clock (rule TIME1).
 *
 * @param changedAt canonical times in operation order.
 * @param sentAt the slave's clock when it sent; null if it did not say.
 * @returns times in the same order: never after `nowIso`, never after the next operation's.
 */
export function correctTimes(
  changedAt: readonly string[],
  sentAt: string | null,
  nowIso: string,
): readonly string[] {
  const offset = sentAt === null ? 0 : clockOffset(sentAt, nowIso);
  const corrected: string[] = [];
  let ceiling = nowIso;
  for (const time of changedAt.toReversed()) {
    const shifted = shiftTime(time, offset, nowIso);
    if (shifted < ceiling) ceiling = shifted;
    corrected.push(ceiling);
  }
  return corrected.reverse();
}

function shiftTime(time: string, offset: number, nowIso: string): string {
  if (offset === 0) return time;
  return isoFromMillis(millisOf(time) + offset) ?? (offset < 0 ? EARLIEST : nowIso);
}

/** Milliseconds to add to a slave's times; 0 within what travelling explains. */
export function clockOffset(sentAt: string, nowIso: string): number {
  const offset = millisOf(nowIso) - millisOf(sentAt);
  return Math.abs(offset) <= TOLERANCE_MS ? 0 : offset;
}
