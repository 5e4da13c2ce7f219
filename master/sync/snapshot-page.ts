import { formatCursor, type Cursor } from '../../common/core/cursor.ts';
import { MAX_PAGE_BYTES } from '../../common/core/limits.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type {
  DownloadAnswer,
  DownloadRecord,
  SnapshotRange,
} from '../../common/protocol/download.ts';
import type { MasterReadTx, SnapshotRow } from '../../common/storage/master-store.ts';
import type { MasterDeps } from './master-deps.ts';

type SnapshotCursor = Extract<Cursor, { kind: 'snapshot' }>;

/** A page in the making. */
interface Page {
  readonly records: DownloadRecord[];
  readonly ranges: SnapshotRange[];
  bytes: number;
  /** Rows looked at, those that cannot be carried too. */
  rows: number;
}

/** Rows read at once at first, and at most; what was read so far tells how many more fit into the page. */
const FIRST_CHUNK_ROWS = 50;
const CHUNK_ROWS = 500;

/** One page of a snapshot: tables one after the other, each by key, with the key ranges it holds completely (DOWN4). */
export async function snapshotPage(
  deps: MasterDeps,
  tx: MasterReadTx,
  cursor: SnapshotCursor,
  request: { readonly tables: readonly TableDefinition[]; readonly limit: number },
): Promise<DownloadAnswer> {
  const page: Page = { records: [], ranges: [], bytes: 0, rows: 0 };
  const start = request.tables.findIndex((table) => table.name === cursor.table);
  const remaining = request.tables.slice(Math.max(start, 0));
  let stoppedAt: { readonly table: string; readonly after: string | null } | null = null;
  for (const table of remaining) {
    const after = table.name === cursor.table ? cursor.after : null;
    const last = await fillFromTable(deps, tx, page, { table, after, limit: request.limit });
    if (last !== 'done') {
      stoppedAt = { table: table.name, after: last.after };
      break;
    }
  }
  const { epoch, position } = cursor;
  const next: Cursor =
    stoppedAt === null
      ? { kind: 'log', epoch, position }
      : { kind: 'snapshot', epoch, position, ...stoppedAt };
  const mark = await tx.markAtPosition(stoppedAt === null ? position : 0);
  const isFirst = cursor.after === null && cursor.table === request.tables[0]?.name;
  return {
    records: page.records,
    cursor: formatCursor(next),
    has_more: stoppedAt !== null || (await tx.head()) > position,
    timestamp: mark.numberedAt,
    position,
    snapshot: { ranges: page.ranges, total_rows: isFirst ? await countAll(tx, request.tables) : 0 },
  };
}

/** Adds a table's rows; `done` when the table has no more, else the key it stopped at. */
async function fillFromTable(
  deps: MasterDeps,
  tx: MasterReadTx,
  page: Page,
  from: { readonly table: TableDefinition; readonly after: string | null; readonly limit: number },
): Promise<'done' | { readonly after: string | null }> {
  const { table, limit } = from;
  let after = from.after;
  for (;;) {
    const wanted = Math.min(limit - page.rows, chunkRows(page));
    // One row more than wanted tells whether the table goes on.
    const rows = await tx.snapshotPage(table.name, after, wanted + 1);
    const taken = addRows(deps, page, table, rows.slice(0, wanted));
    after = rows[taken - 1]?.id ?? after;
    if (rows.length === taken) {
      page.ranges.push({ table: table.name, after: from.after, up_to: null });
      return 'done';
    }
    if (page.rows >= limit || page.bytes >= MAX_PAGE_BYTES) {
      if (after !== from.after)
        page.ranges.push({ table: table.name, after: from.after, up_to: after });
      return { after };
    }
  }
}

/** Rows to read next, so that large ones neither fill the memory nor the page. */
function chunkRows(page: Page): number {
  if (page.rows === 0) return FIRST_CHUNK_ROWS;
  const room = Math.max(MAX_PAGE_BYTES - page.bytes, 0);
  return Math.min(CHUNK_ROWS, Math.ceil((room * page.rows) / Math.max(page.bytes, 1)));
}

/** Adds rows until the page is full and tells how many. */
function addRows(
  deps: MasterDeps,
  page: Page,
  table: TableDefinition,
  rows: readonly SnapshotRow[],
): number {
  let taken = 0;
  for (const row of rows) {
    if (page.bytes >= MAX_PAGE_BYTES) break;
    addRow(deps, page, table, row);
    taken += 1;
  }
  return taken;
}

function addRow(deps: MasterDeps, page: Page, table: TableDefinition, row: SnapshotRow): void {
  page.rows += 1;
  if (!row.row.ok) {
    const { code, column } = row.row;
    deps.log.warn('a row cannot be sent exactly', { table: table.name, id: row.id, code, column });
    return;
  }
  const data = { ...row.row.row };
  const updatedAt = data['updated_at'];
  page.bytes += approximateBytes(data);
  page.records.push({
    table: table.name,
    id: row.id,
    action: 'create',
    data,
    version: row.version,
    updated_at: typeof updatedAt === 'string' ? updatedAt : deps.clock.nowIso(),
  });
}

function approximateBytes(data: Readonly<Record<string, unknown>>): number {
  return Object.values(data).reduce<number>(
    (sum, value) => sum + 16 + (typeof value === 'string' ? value.length : 8),
    60,
  );
}

async function countAll(tx: MasterReadTx, tables: readonly TableDefinition[]): Promise<number> {
  let total = 0;
  for (const table of tables) total += await tx.countRows(table.name);
  return total;
}
