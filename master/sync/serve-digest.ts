import { addToDigest, digestText, emptyDigest, rowDigestText } from '../../common/core/digest.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { DigestAnswer, DigestRowsAnswer } from '../../common/protocol/digest.ts';
import type { MasterReadTx } from '../../common/storage/master-store.ts';
import type { MasterDeps } from './master-deps.ts';

const PAGE_ROWS = 2000;

/** Digests of all tables that slaves hold, from one snapshot (rule VER1). */
export async function serveDigest(deps: MasterDeps): Promise<DigestAnswer> {
  await deps.store.numberChanges(deps.clock.nowIso(), false);
  return deps.store.read(async (tx) => {
    const tables: DigestAnswer['tables'] = [];
    for (const table of deps.tables.tables) {
      if (table.sync.direction !== 'up') tables.push(await digestTable(deps, tx, table));
    }
    return { position: await tx.head(), tables };
  });
}

/**
 * Digests of single rows, in key order, to find which rows differ.
 *
 * @throws SyncError `protocol_table_unknown`.
 */
export async function serveDigestRows(
  deps: MasterDeps,
  tableName: string,
  after: string | null,
): Promise<DigestRowsAnswer> {
  const table = deps.tables.byName.get(tableName);
  if (table === undefined) {
    throw new SyncError('protocol_table_unknown', `table ${tableName.slice(0, 64)} is not synced`);
  }
  return deps.store.read(async (tx) => {
    const page = await tx.snapshotPage(table.name, after, PAGE_ROWS + 1);
    const rows = page.slice(0, PAGE_ROWS).map(({ id, row }) => ({
      id,
      digest: row.ok ? deps.sha256(rowDigestText(table, row.row)).slice(0, 16) : '',
    }));
    return { rows, has_more: page.length > PAGE_ROWS };
  });
}

async function digestTable(
  deps: MasterDeps,
  tx: MasterReadTx,
  table: TableDefinition,
): Promise<DigestAnswer['tables'][number]> {
  let digest = emptyDigest;
  let unreadable = 0;
  let after: string | null = null;
  for (;;) {
    const page = await tx.snapshotPage(table.name, after, PAGE_ROWS);
    for (const { row } of page) {
      if (row.ok) digest = addToDigest(digest, deps.sha256(rowDigestText(table, row.row)));
      else unreadable += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) break;
    after = last.id;
  }
  return { table: table.name, rows: digest.rows, digest: digestText(digest), unreadable };
}
