import { counted, tableText } from '../../../common/cli/table-text.ts';
import { SyncError } from '../../../common/core/sync-error.ts';
import type { TableVerdict, VerifyReport } from '../../control/slave-data.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, settingOptions } from '../options.ts';
import { shown } from '../output.ts';
import { loadConfig, openHere } from '../session.ts';

/** Exit code while the two cannot be compared: try again after a sync. */
const TRY_LATER = 75;
const DATA = 65;

/** `verify`: compares all rows with the master by digest. */
export const verifyCommand: CliCommand = {
  path: ['verify'],
  summary: 'compare all rows with the master',
  description:
    'Compares every table with the master by digest and names the rows that differ. Exit code 0: equal, 65: different, 75: not comparable yet.',
  options: [settingOptions.MASTER_URL, settingOptions.SYNC_INSECURE_HTTP, jsonOption],
  examples: ['slave verify', 'slave verify --json | jq .isEqual'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    const { data } = await openHere(context, config, 'verify');
    context.output.progress('comparing with the master');
    const report = await data.verify(context.run.lifecycle.signal);
    context.output.clearProgress();
    if (hasFlag(input, 'json')) {
      context.output.json(report);
      return exitCodeOf(report);
    }
    context.output.lines(verdictText(report));
    if (report.isComparable && !report.isEqual) throw differs(report);
    return exitCodeOf(report);
  },
};

function exitCodeOf(report: VerifyReport): number {
  if (!report.isComparable) return TRY_LATER;
  return report.isEqual ? 0 : DATA;
}

function verdictText(report: VerifyReport): readonly string[] {
  if (report.obstacle !== null) return [`cannot compare: ${shown(report.obstacle)}`];
  const rows = report.tables.map((table) => [
    table.table,
    table.isEqual ? 'equal' : 'different',
    String(table.here.rows),
    table.master === null ? 'unknown' : String(table.master.rows),
  ]);
  const lines = tableText(['table', 'verdict', 'rows here#', 'at the master#'], rows);
  const asides =
    report.rejected === 0
      ? []
      : [`${counted(report.rejected, 'change')} set aside may explain differences`];
  return [...lines, ...report.tables.flatMap(differenceText), ...asides];
}

function differenceText(verdict: TableVerdict): readonly string[] {
  const lines = verdict.differences.map(
    ({ id, kind }) => `  ${verdict.table} ${shown(id)}: ${kind.replaceAll('_', ' ')}`,
  );
  return verdict.isTruncated ? [...lines, `  ${verdict.table}: there are more`] : lines;
}

function differs(report: VerifyReport): SyncError {
  const tables = report.tables.filter((table) => !table.isEqual).map((table) => table.table);
  return new SyncError(
    'data_differs',
    `${counted(tables.length, 'table')} differ from the master: ${tables.join(', ')}`,
  );
}
