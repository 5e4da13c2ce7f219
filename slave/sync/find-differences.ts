import { rowDigestText } from '../../common/core/digest.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import { identityOf } from './exchange.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** A row that is not the same on both sides. */
export interface RowDifference {
  readonly id: string;
  readonly kind: 'only_here' | 'only_at_master' | 'different';
}

/** Some differences of a table. */
export interface Differences {
  readonly differences: readonly RowDifference[];
  /** There are more. */
  readonly isTruncated: boolean;
}

interface DigestRow {
  readonly id: string;
  readonly digest: string;
}

/** One side's rows in key order, a page at a time. */
type PageReader = (
  after: string | null,
) => Promise<{ readonly rows: readonly DigestRow[]; readonly hasMore: boolean }>;

const PAGE_SIZE = 1_000;
const MAX_DIFFERENCES = 100;

/** Walks through both sides of a table in key order and lists the rows that differ. */
export async function findDifferences(
  deps: SlaveDeps,
  table: TableDefinition,
  signal: AbortSignal,
): Promise<Differences> {
  const here = rowsOf((after) => localPage(deps, table, after));
  const master = rowsOf((after) => masterPage(deps, table, after, signal));
  const differences: RowDifference[] = [];
  let own = await here.next();
  let other = await master.next();
  while (own.done !== true || other.done !== true) {
    if (differences.length > MAX_DIFFERENCES) break;
    const order = compareKeys(own.value, other.value);
    const difference = differenceOf(order, own.value, other.value);
    if (difference !== undefined) differences.push(difference);
    if (order <= 0) own = await here.next();
    if (order >= 0) other = await master.next();
  }
  return {
    differences: differences.slice(0, MAX_DIFFERENCES),
    isTruncated: differences.length > MAX_DIFFERENCES,
  };
}

async function* rowsOf(read: PageReader): AsyncGenerator<DigestRow, undefined> {
  let after: string | null = null;
  for (;;) {
    const page: Awaited<ReturnType<PageReader>> = await read(after);
    yield* page.rows;
    const last = page.rows.at(-1)?.id;
    if (!page.hasMore || last === undefined) return undefined;
    after = last;
  }
}

async function localPage(
  deps: SlaveDeps,
  table: TableDefinition,
  after: string | null,
): ReturnType<PageReader> {
  const page = await deps.store.read((tx) => tx.rowPage(table.name, after, PAGE_SIZE));
  const rows = page.map(({ id, row }) => ({
    id,
    digest: row.ok ? deps.sha256(rowDigestText(table, row.row)) : 'unreadable',
  }));
  return { rows, hasMore: page.length === PAGE_SIZE };
}

async function masterPage(
  deps: SlaveDeps,
  table: TableDefinition,
  after: string | null,
  signal: AbortSignal,
): ReturnType<PageReader> {
  const state = await deps.store.read((tx) => tx.state());
  const { body } = await deps.client.digestRows(
    table.name,
    after,
    { ...identityOf(state), exchangeId: null },
    signal,
  );
  return { rows: body.rows, hasMore: body.has_more };
}

/** Keys compare as their UTF-8 bytes do, which is the order in which both databases page. */
function compareKeys(own: DigestRow | undefined, other: DigestRow | undefined): number {
  if (own === undefined) return 1;
  if (other === undefined) return -1;
  return Buffer.compare(Buffer.from(own.id), Buffer.from(other.id));
}

function differenceOf(
  order: number,
  own: DigestRow | undefined,
  other: DigestRow | undefined,
): RowDifference | undefined {
  if (order < 0 && own !== undefined) return { id: own.id, kind: 'only_here' };
  if (order > 0 && other !== undefined) return { id: other.id, kind: 'only_at_master' };
  if (own === undefined || other === undefined || isSame(own.digest, other.digest))
    return undefined;
  return { id: own.id, kind: 'different' };
}

/** The master sends the beginning of the hash, and nothing for rows that it cannot read. */
function isSame(own: string, other: string): boolean {
  return other !== '' && own.startsWith(other);
}
