import { canonicalizeRow, isValidKey } from '../../common/core/canonical-value.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type {
  DownloadAnswer,
  DownloadRecord,
  SnapshotRange,
} from '../../common/protocol/download.ts';
import type { IncomingRow } from './incoming-row.ts';

/** A record of a page, checked down to its values. */
export interface IncomingRecord extends IncomingRow {
  readonly action: 'create' | 'update' | 'delete';
}

/** What is to be applied of a page. */
export interface CheckedPage {
  readonly records: readonly IncomingRecord[];
  readonly ranges: readonly SnapshotRange[];
  /** Position that the receiver has reached with the page; of a snapshot, where that began. */
  readonly position: number;
  /** Tables that this program does not know; their rows come again after an upgrade and a resync. */
  readonly unknownTables: readonly string[];
}

type RawPage = Pick<DownloadAnswer, 'records' | 'snapshot' | 'position'>;

/**
 * Checks every record of a page, so that nothing of a page is applied that holds a wrong row.
 *
 * @throws SyncError `transport_invalid_answer` naming the first fault, never a value.
 */
export function readPage(tables: TableRegistry, page: RawPage): CheckedPage {
  const unknown = new Set<string>();
  const records: IncomingRecord[] = [];
  for (const [index, record] of page.records.entries()) {
    if (tables.byName.has(record.table)) records.push(readRecord(tables, record, index));
    else unknown.add(record.table.slice(0, 64));
  }
  const ranges = (page.snapshot?.ranges ?? []).filter((range) => tables.byName.has(range.table));
  return { records, ranges, position: page.position, unknownTables: [...unknown] };
}

/** A page as it is kept aside until the rest of its transaction is there (rule DOWN3). */
export function stagedText(page: RawPage): string {
  return JSON.stringify({
    records: page.records,
    snapshot: page.snapshot,
    position: page.position,
  });
}

/** Reads what {@link stagedText} wrote; it was checked by shape when it came, and is checked by value again. */
export function readStagedPage(tables: TableRegistry, text: string): CheckedPage {
  return readPage(tables, JSON.parse(text) as RawPage);
}

function readRecord(tables: TableRegistry, record: DownloadRecord, index: number): IncomingRecord {
  const table = tables.byName.get(record.table);
  if (table === undefined || !isValidKey(record.id))
    throw invalid(record, index, 'the id is not valid');
  if (!Number.isSafeInteger(record.version) || record.version < 0)
    throw invalid(record, index, 'the version is not valid');
  const head = { table, id: record.id, version: record.version, action: record.action };
  if (record.action === 'delete') return { ...head, row: null };
  if (record.data === null) throw invalid(record, index, 'the row is missing');
  const parsed = canonicalizeRow(table, record.data);
  if (!parsed.ok)
    throw invalid(record, index, `column ${parsed.column}: ${parsed.code}, ${parsed.detail}`);
  if (parsed.row['id'] !== record.id)
    throw invalid(record, index, 'the row has another id than its record');
  return { ...head, row: parsed.row };
}

function invalid(record: DownloadRecord, index: number, reason: string): SyncError {
  return new SyncError(
    'transport_invalid_answer',
    `record ${index} of the page (table ${record.table}): ${reason}`,
  );
}
