import { counted, pairsText, tableText } from '../../common/cli/table-text.ts';
import type { SlaveStatus } from '../control/control.ts';

/** A status for people. */
export function statusText(status: SlaveStatus, nowMs: number): readonly string[] {
  return [
    ...pairsText(pairsOf(status, nowMs)),
    ...problemText(status),
    '',
    ...tableText(
      ['table', 'rows#', 'waiting#', 'set aside#', 'conflicts#'],
      status.tables.map((counts) => [
        counts.table,
        String(counts.rows),
        String(counts.pending),
        String(counts.rejected),
        String(counts.openConflicts),
      ]),
    ),
  ];
}

function pairsOf(status: SlaveStatus, nowMs: number): readonly (readonly [string, string])[] {
  const { loading, daemon } = status;
  return [
    ['status', status.paused ? `${status.status} (paused)` : status.status],
    ['slave', status.slaveName],
    ['master', status.masterUrl === '' ? 'not set' : status.masterUrl],
    ['waiting', counted(status.pendingRecords, 'record')],
    ['set aside', counted(status.rejectedRecords, 'record')],
    ['conflicts', `${status.openConflicts} open`],
    ['last synced', timeText(status.lastSyncedAt, nowMs)],
    ['next attempt', nextAttemptText(status, nowMs)],
    ['daemon', daemon === null ? 'not running' : `process ${daemon.pid} since ${daemon.startedAt}`],
    ...(loading === null
      ? []
      : [['loading', `${loading.rows} of about ${loading.totalRows} rows`] as const]),
  ];
}

function problemText({ lastError, trouble, retryCount }: SlaveStatus): readonly string[] {
  if (lastError === null) return trouble === null ? [] : pairsText([['trouble', trouble]]);
  const failures = retryCount > 1 ? `, ${retryCount} times in a row` : '';
  return pairsText([
    ['last error  ', `${lastError.code}: ${lastError.message} (${lastError.at}${failures})`],
    ['what to do', lastError.hint],
  ]);
}

/** A time with how long ago, or how far off, it is. */
export function timeText(iso: string | null, nowMs: number, absent = 'never'): string {
  if (iso === null) return absent;
  const apartMs = Date.parse(iso) - nowMs;
  if (Number.isNaN(apartMs)) return iso;
  return `${iso} (${apartMs > 0 ? `in ${spanText(apartMs)}` : `${spanText(-apartMs)} ago`})`;
}

function spanText(spanMs: number): string {
  const seconds = Math.round(spanMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** Without a daemon nobody makes an attempt, however due it is. */
function nextAttemptText(status: SlaveStatus, nowMs: number): string {
  if (status.daemon === null) return 'when asked for: no daemon runs (`slave start`)';
  return timeText(status.nextAttemptAt, nowMs, 'by schedule');
}
