import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { WriteFailure } from '../master-store.ts';
import type { RowState } from '../slave-store.ts';
import { writeBisecting, type Refusal } from './bisect.ts';
import { classifyDatabaseError } from './database-error.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { quote } from './dialects/table-sql.ts';
import { encodeRows } from './row-codec.ts';
import { chunksOfIds, chunksOfRows } from './slave-chunks.ts';
import type { SlaveTxContext } from './slave-context.ts';
import { idsInRange, type KeyRange } from './slave-rows.ts';
import { tableWork } from './slave-table-work.ts';
import { swapUniqueValues, writableTogether } from './slave-unique.ts';
import type { SqlRunner } from './sql-database.ts';

/** Most ids of a range that are held at once. */
const RANGE_STEP = 20_000;

/**
 * Runs work whose row writes are the master's, not local ones: capture leaves them out (design 3.1). A rollback, by
 * error or crash, takes the tag back with everything else.
 */
async function tagged<T>(sql: SqlRunner, work: () => Promise<T>): Promise<T> {
  await sql.run(`UPDATE sync_context SET origin = 'sync'`);
  const untag = (): Promise<void> => sql.run('UPDATE sync_context SET origin = NULL');
  try {
    const result = await work();
    await untag();
    return result;
  } catch (error) {
    await untag().catch(() => undefined);
    throw error;
  }
}

/** Makes rows true, deletions first, and returns those the database refuses; see `SlaveWriteTx.applyRows`. */
export async function applyRows(
  context: SlaveTxContext,
  states: readonly RowState[],
): Promise<readonly WriteFailure[]> {
  if (states.length === 0) return [];
  const work = tableWork(context.tables, states);
  return tagged(context.sql, async () => {
    const failures: WriteFailure[] = [];
    for (const { table, gone } of work.toReversed()) {
      failures.push(...(await deleteIds(context.sql, table, gone)));
    }
    for (const { table, rows } of work) failures.push(...(await upsert(context, table, rows)));
    return failures;
  });
}

/** Deletes what {@link idsInRange} finds; rows that the database does not let go stay. */
export async function deleteRange(
  context: SlaveTxContext,
  range: KeyRange,
  keep: readonly string[],
): Promise<number> {
  const table = context.tables.byName.get(range.table);
  if (table === undefined) return 0;
  return tagged(context.sql, async () => {
    let deleted = 0;
    let { after } = range;
    for (;;) {
      const ids = await idsInRange(context.sql, { ...range, after }, keep, RANGE_STEP);
      const failures = await deleteIds(context.sql, table, ids);
      deleted += ids.length - failures.length;
      after = ids.at(-1) ?? null;
      if (ids.length < RANGE_STEP) return deleted;
    }
  });
}

async function deleteIds(
  sql: SqlRunner,
  table: TableDefinition,
  ids: readonly string[],
): Promise<readonly WriteFailure[]> {
  const failures: WriteFailure[] = [];
  for (const chunk of chunksOfIds(ids)) {
    const refused = await writeBisecting(sql, chunk, (items) =>
      sql.run(sqliteTable.deleteRows(table), [JSON.stringify(items)]),
    );
    failures.push(...refused.map((refusal) => failureOf(table, refusal.item, refusal.thrown)));
  }
  return failures;
}

async function upsert(
  context: SlaveTxContext,
  table: TableDefinition,
  rows: readonly Row[],
): Promise<readonly WriteFailure[]> {
  const refused: Refusal<Row>[] = [];
  for (const chunk of chunksOfRows(table, rows)) {
    refused.push(...(await upsertBisecting(context, table, chunk)));
  }
  const final = await retryTogether(context, table, refused);
  return final.map(({ item, thrown }) => failureOf(table, idOf(item), thrown));
}

async function upsertBisecting(
  context: SlaveTxContext,
  table: TableDefinition,
  rows: readonly Row[],
): Promise<readonly Refusal<Row>[]> {
  const styles = await context.timeStyles(table);
  return writeBisecting(context.sql, rows, (items) =>
    upsertAll(context, table, items, encodeRows(table, items, styles)),
  );
}

/**
 * Writes rows with one statement. An upsert begins as an insert, which fails where the application's table has columns
 * of its own that must be filled; rows that are there already are updated instead. Unique values that change places
 * among the rows are freed first.
 */
async function upsertAll(
  { sql }: SlaveTxContext,
  table: TableDefinition,
  rows: readonly Row[],
  encoded: string,
): Promise<void> {
  const ids = rows.map(idOf);
  const attempt = (statement: string): Promise<unknown> =>
    sql
      .savepoint(() => sql.run(statement, [encoded]))
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
  let statement = sqliteTable.upsertRows(table);
  let thrown = await attempt(statement);
  if (codeOf(thrown) === 'row_not_null' && (await arePresent(sql, table, ids))) {
    statement = sqliteTable.updateRows(table);
    thrown = await attempt(statement);
  }
  if (codeOf(thrown) === 'row_unique' && rows.length > 1) {
    await swapUniqueValues(sql, table, ids);
    await sql.run(statement, [encoded]);
    return;
  }
  if (thrown instanceof Error) throw thrown;
}

/**
 * Rows that exchange unique values may have been torn apart by halving or chunks. Those that only stand in each
 * other's way are written together, until nothing moves any more.
 */
async function retryTogether(
  context: SlaveTxContext,
  table: TableDefinition,
  refused: readonly Refusal<Row>[],
): Promise<readonly Refusal<Row>[]> {
  let left = refused;
  for (;;) {
    const taken = left.filter(({ thrown }) => codeOf(thrown) === 'row_unique');
    if (taken.length === 0) return left;
    const together = await writableTogether(
      context,
      table,
      taken.map(({ item }) => item),
    );
    if (together.length === 0) return left;
    const again = await upsertBisecting(context, table, together);
    const tried = new Set(together);
    const before = left.length;
    left = [...left.filter(({ item }) => !tried.has(item)), ...again];
    if (left.length === before) return left;
  }
}

async function arePresent(
  sql: SqlRunner,
  table: TableDefinition,
  ids: readonly string[],
): Promise<boolean> {
  const [row] = await sql.all<{ n: number }>(
    `SELECT count(*) AS n FROM ${quote(table.name)} WHERE id IN (${sqliteTable.idList(1)})`,
    [JSON.stringify(ids)],
  );
  return row?.n === ids.length;
}

function failureOf(table: TableDefinition, id: string, thrown: unknown): WriteFailure {
  const fault = classifyDatabaseError(thrown);
  if (fault?.kind !== 'row') throw thrown;
  return { table: table.name, id, code: fault.code, detail: fault.detail };
}

function codeOf(thrown: unknown): string | undefined {
  const fault = classifyDatabaseError(thrown);
  return fault?.kind === 'row' ? fault.code : undefined;
}

function idOf(row: Row): string {
  return String(row['id']);
}
