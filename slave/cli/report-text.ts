import { counted, tableText } from '../../common/cli/table-text.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import type { DryRunReport, ProgressEvent } from '../control/control.ts';
import { shown } from './output.ts';

const PHASES: Readonly<Record<Extract<ProgressEvent, { kind: 'phase' }>['phase'], string>> = {
  upload: 'sending changes',
  download: 'asking for news',
  acknowledge: 'telling the master how far we are',
  load: 'loading everything',
  retry: 'trying again',
};

/** One line about what a running sync does. */
export function progressText(event: ProgressEvent): string {
  switch (event.kind) {
    case 'phase':
      return PHASES[event.phase];
    case 'uploaded':
      return `sent ${counted(event.records, 'record')}, ${event.remaining} to go`;
    case 'downloaded': {
      const total = event.expected === null ? '' : ` of about ${event.expected}`;
      return `received ${event.total}${total} records`;
    }
    case 'notice':
      return shown(`${event.code}: ${event.message}`);
  }
}

/** What a finished sync did, for people; what went wrong is said elsewhere. */
export function reportText(report: SyncReport): readonly string[] {
  const { uploaded, downloaded } = report;
  const up = details([
    [uploaded.applied, 'applied'],
    [uploaded.merged, 'merged'],
    [uploaded.duplicates, 'known already'],
    [uploaded.conflicts, 'in conflict'],
    [uploaded.rejected, 'rejected'],
  ]);
  const down = details([
    [downloaded.created, 'new'],
    [downloaded.updated, 'changed'],
    [downloaded.deleted, 'deleted'],
    [downloaded.rejected, 'not taken'],
  ]);
  const head = { success: 'synced', failed: 'failed', cancelled: 'stopped' }[report.outcome];
  const lines = [
    `${head} after ${seconds(report.durationMs)} and ${counted(report.requests, 'request')}`,
    `sent      ${counted(uploaded.records, 'record')}${up}`,
    `received  ${counted(downloaded.records, 'record')}${down}`,
  ];
  return report.pending > 0 ? [...lines, `waiting   ${counted(report.pending, 'record')}`] : lines;
}

/** What a sync would do, for people. */
export function dryRunText({ upload, download }: DryRunReport): readonly string[] {
  const rows = upload.rows.map((row) => [
    String(row.operation),
    row.table,
    row.id,
    row.action,
    row.columns.join(', '),
  ]);
  return [
    `would send ${counted(upload.total, 'record')}`,
    ...upload.counts.map(({ table, action, count }) => `  ${shown(table)}: ${count} ${action}`),
    ...(rows.length === 0
      ? []
      : ['', ...tableText(['op#', 'table', 'id', 'action', 'columns'], rows)]),
    ...(upload.total > rows.length ? [`and ${upload.total - rows.length} more`] : []),
    '',
    ...downloadText(download),
  ];
}

function downloadText(download: DryRunReport['download']): readonly string[] {
  if (!download.reachable) {
    return [
      shown(`cannot say what would be received: ${download.error.code}, ${download.error.message}`),
    ];
  }
  const more = download.hasMore ? ' on the first page, and there are others' : '';
  return [
    `would receive ${counted(download.records, 'record')}${more}`,
    ...download.counts.map(({ table, action, count }) => `  ${shown(table)}: ${count} ${action}`),
  ];
}

function details(counts: readonly (readonly [number, string])[]): string {
  const parts = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 1 : 0)} s`;
}
