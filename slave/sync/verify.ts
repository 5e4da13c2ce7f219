import { addToDigest, digestText, emptyDigest, rowDigestText } from '../../common/core/digest.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import type { DigestAnswer } from '../../common/protocol/digest.ts';
import type { SlaveReadTx } from '../../common/storage/slave-store.ts';
import { identityOf } from './exchange.ts';
import { findDifferences, type RowDifference } from './find-differences.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** One side's sum over a table (rule VER1). */
export interface SideDigest {
  readonly rows: number;
  readonly digest: string;
  /** Rows that cannot be read exactly, which the digest leaves out. */
  readonly unreadable: number;
}

/** What a comparison found in one table. */
export interface TableVerdict {
  readonly table: string;
  readonly isEqual: boolean;
  readonly here: SideDigest;
  /** Null when the master does not know the table. */
  readonly master: SideDigest | null;
  /** At most 100 rows of a table that differs. */
  readonly differences: readonly RowDifference[];
  readonly isTruncated: boolean;
}

/** What a comparison with the master found. */
export interface VerifyReport {
  /** False while the two cannot be compared: see `obstacle`. */
  readonly isComparable: boolean;
  readonly obstacle: string | null;
  readonly isEqual: boolean;
  /** Rows set aside here, which explain differences. */
  readonly rejected: number;
  readonly position: { readonly here: number; readonly master: number };
  readonly tables: readonly TableVerdict[];
}

const PAGE_SIZE = 1_000;

/**
 * Compares every table with the master by digest, and lists which rows differ. Both sides must be at rest: nothing
 * unsent here, nothing new there; else the report says what to do first.
 *
 * @throws SyncError what the master or the database says.
 */
export async function verifyWithMaster(
  deps: SlaveDeps,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const state = await deps.store.read((tx) => tx.state());
  const { body } = await deps.client.digest({ ...identityOf(state), exchangeId: null }, signal);
  const local = await deps.store.read(async (tx) => readLocal(tx, deps));
  const position = { here: local.position, master: body.position };
  const obstacle = obstacleOf(local, body);
  const head = { isComparable: obstacle === null, obstacle, rejected: local.rejected, position };
  if (obstacle !== null) return { ...head, isEqual: false, tables: [] };
  const tables: TableVerdict[] = [];
  for (const table of comparedTables(deps)) {
    if (signal.aborted)
      throw new SyncError('transport_cancelled', 'the comparison was stopped before it ended');
    tables.push(
      await compareTable(
        deps,
        table,
        { here: local.digests.get(table.name), answer: body },
        signal,
      ),
    );
  }
  return { ...head, isEqual: tables.every((table) => table.isEqual), tables };
}

/** Tables that only go up hold other rows at the master. */
function comparedTables(deps: SlaveDeps): readonly TableDefinition[] {
  return deps.tables.tables.filter((table) => table.sync.direction !== 'up');
}

interface LocalSide {
  readonly pending: number;
  readonly rejected: number;
  readonly position: number;
  readonly isLoading: boolean;
  readonly digests: ReadonlyMap<string, SideDigest>;
}

async function readLocal(tx: SlaveReadTx, deps: SlaveDeps): Promise<LocalSide> {
  const { position, loading, cursor } = await tx.state();
  const digests = new Map<string, SideDigest>();
  for (const table of comparedTables(deps))
    digests.set(table.name, await digestTable(tx, deps, table));
  return {
    pending: await tx.pendingCount(),
    rejected: await tx.rejectedCount(),
    position,
    isLoading: loading !== null || cursor === null,
    digests,
  };
}

async function digestTable(
  tx: SlaveReadTx,
  deps: SlaveDeps,
  table: TableDefinition,
): Promise<SideDigest> {
  let digest = emptyDigest;
  let unreadable = 0;
  let after: string | null = null;
  for (;;) {
    const page: Awaited<ReturnType<SlaveReadTx['rowPage']>> = await tx.rowPage(
      table.name,
      after,
      PAGE_SIZE,
    );
    for (const { row } of page) {
      if (row.ok) digest = addToDigest(digest, deps.sha256(rowDigestText(table, row.row)));
      else unreadable += 1;
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE_SIZE)
      return { rows: digest.rows, digest: digestText(digest), unreadable };
  }
}

function obstacleOf(local: LocalSide, answer: DigestAnswer): string | null {
  if (local.pending > 0) return `${local.pending} changes are unsent: run \`slave sync:run\` first`;
  if (local.isLoading) return 'the first load has not ended: run `slave sync:run` first';
  if (local.position !== answer.position) {
    return `this slave is at position ${local.position}, the master at ${answer.position}: run \`slave sync:run\` first`;
  }
  return null;
}

async function compareTable(
  deps: SlaveDeps,
  table: TableDefinition,
  sides: { readonly here: SideDigest | undefined; readonly answer: DigestAnswer },
  signal: AbortSignal,
): Promise<TableVerdict> {
  const here = sides.here ?? { rows: 0, digest: digestText(emptyDigest), unreadable: 0 };
  const found = sides.answer.tables.find((other) => other.table === table.name);
  if (found === undefined) {
    return {
      table: table.name,
      isEqual: false,
      here,
      master: null,
      differences: [],
      isTruncated: false,
    };
  }
  const master = { rows: found.rows, digest: found.digest, unreadable: found.unreadable };
  const isEqual = here.rows === master.rows && here.digest === master.digest;
  const result = isEqual
    ? { differences: [], isTruncated: false }
    : await findDifferences(deps, table, signal);
  return { table: table.name, isEqual, here, master, ...result };
}
