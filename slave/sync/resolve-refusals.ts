import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type { WriteFailure } from '../../common/storage/master-store.ts';
import type { RowState, SlaveWriteTx } from '../../common/storage/slave-store.ts';
import type { IncomingRow } from './incoming-row.ts';
import { loadLocalWork, masterStateOf, type LocalWork } from './local-work.ts';
import { setAside, type RejectReason } from './set-aside.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** An incoming row that the database did not take, with the local work of the same row. */
export interface RefusedRow {
  readonly incoming: IncomingRow;
  readonly work: LocalWork | undefined;
  readonly failure: WriteFailure;
}

const VALUE_TAKEN: RejectReason = {
  code: 'row_unique',
  detail: 'the master has another row with this value in a unique column',
};

/** What is to be tried once more: rows to take away first, then rows to write. */
interface SecondAttempt {
  readonly clears: RowState[];
  readonly writes: Map<string, IncomingRow>;
}

/**
 * Makes room for refused rows. The master's rows stand: local work that is in their way, of the same row or of
 * another with the same unique value, is set aside with its reason. Rows that exchange unique values among each other
 * are written together.
 *
 * @returns what the database still refuses.
 */
export async function resolveRefusals(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  refused: readonly RefusedRow[],
): Promise<readonly RefusedRow[]> {
  const frozenUpTo = (await tx.currentBatch())?.lastOperation ?? 0;
  const now = deps.clock.nowIso();
  const attempt: SecondAttempt = { clears: [], writes: new Map() };
  for (const row of refused) {
    if (await yieldOwnWork(tx, row, frozenUpTo, now))
      attempt.writes.set(keyOf(row.incoming), row.incoming);
  }
  for (const { incoming, failure } of refused) {
    if (
      failure.code !== 'row_unique' ||
      incoming.row === null ||
      !attempt.writes.has(keyOf(incoming))
    )
      continue;
    await clearTheWay(tx, { ...incoming, row: incoming.row }, attempt, { frozenUpTo, now });
  }
  await tx.applyRows(attempt.clears);
  const writes = [...attempt.writes.values()];
  const failures = await tx.applyRows(
    writes.map(({ table, id, row }) => ({ table: table.name, id, row })),
  );
  const stillRefused = failures.flatMap((failure) => {
    const incoming = attempt.writes.get(`${failure.table}/${failure.id}`);
    return incoming === undefined ? [] : [{ incoming, work: undefined, failure }];
  });
  return [...refused.filter((row) => !attempt.writes.has(keyOf(row.incoming))), ...stillRefused];
}

function keyOf({ table, id }: Pick<IncomingRow, 'table' | 'id'>): string {
  return `${table.name}/${id}`;
}

/** Sets a refused row's own local work aside; false while that work is on its way to the master. */
async function yieldOwnWork(
  tx: SlaveWriteTx,
  { work, failure }: RefusedRow,
  frozenUpTo: number,
  now: string,
): Promise<boolean> {
  if (work === undefined) return true;
  if (isFrozen(work, frozenUpTo)) return false;
  const reason = {
    code: failure.code,
    detail: `it does not fit the master's row: ${failure.detail}`,
  };
  await setAside(
    tx,
    work,
    work.pending.map((entry) => ({ entry, reason })),
    now,
  );
  return true;
}

function isFrozen(work: LocalWork, frozenUpTo: number): boolean {
  return work.pending.some((entry) => entry.operation <= frozenUpTo);
}

async function clearTheWay(
  tx: SlaveWriteTx,
  incoming: IncomingRow & { readonly row: Row },
  attempt: SecondAttempt,
  { frozenUpTo, now }: { readonly frozenUpTo: number; readonly now: string },
): Promise<void> {
  const { table } = incoming;
  const ids = await tx.rowsInTheWay(table.name, incoming.row);
  const works = await loadLocalWork(tx, table.name, ids);
  for (const id of ids) {
    const clear = { table: table.name, id, row: null };
    if (attempt.writes.has(keyOf({ table, id }))) {
      attempt.clears.push(clear);
      continue;
    }
    const work = works.get(id);
    if (work === undefined || isFrozen(work, frozenUpTo)) continue;
    const row = masterStateOf(work);
    // Where the master's own row is in the way too, giving up local work would not help.
    if (row === undefined || isSameKey(table, row, incoming.row)) continue;
    await setAside(
      tx,
      work,
      work.pending.map((entry) => ({ entry, reason: VALUE_TAKEN })),
      now,
    );
    attempt.clears.push(clear);
    if (row !== null) {
      attempt.writes.set(keyOf({ table, id }), {
        table,
        id,
        row,
        version: work.shadow?.version ?? 0,
      });
    }
  }
}

/** Whether two rows hold the same value in a unique column or key. */
function isSameKey(table: TableDefinition, a: Row | null, b: Row): boolean {
  if (a === null) return false;
  const single = table.columns
    .filter((column) => column.unique === true)
    .map((column) => [column.name]);
  return [...single, ...table.uniqueKeys].some((columns) =>
    columns.every((column) => a[column] !== null && a[column] === b[column]),
  );
}
