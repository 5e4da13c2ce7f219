import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { RowWrite, WriteFailure } from '../master-store.ts';
import { writeBisecting, type Refusal } from './bisect.ts';
import { classifyDatabaseError, driverErrorOf, RetryTransaction } from './database-error.ts';
import { postgresTable } from './dialects/postgres-table.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { amongIds, quote } from './dialects/table-sql.ts';
import { KEY_INDEX_PREFIX } from './migrations/adopt-postgres-table.ts';
import { encodeRows } from './row-codec.ts';
import type { SqlRunner } from './sql-database.ts';

/** Rows written with one statement at most. */
const CHUNK_ROWS = 5000;

type Present = Exclude<RowWrite, { kind: 'delete' }>;

/** Failures that another row of the same batch may cure: what is in the way goes, what is referred to comes. */
const CURABLE = ['row_unique', 'row_foreign_key'] as const;

/**
 * Writes rows table by table: new and changed ones parents first, then deletes children first; one statement a
 * table and kind in the good case. What fails is tried again as long as that helps, so that the order within a
 * batch does not matter.
 *
 * @returns what the database refuses, row by row; the rest stands.
 */
export async function applyRowWrites(
  sql: SqlRunner,
  tables: TableRegistry,
  writes: readonly RowWrite[],
): Promise<readonly WriteFailure[]> {
  let failures = await applyOnce(sql, tables, writes);
  for (let before = Infinity; failures.length > 0 && failures.length < before;) {
    before = failures.length;
    failures = await retryCurable(sql, tables, writes, failures);
  }
  return failures;
}

/** Each kind of failure by itself, since a row that cannot be cured would keep the others from being so. */
async function retryCurable(
  sql: SqlRunner,
  tables: TableRegistry,
  writes: readonly RowWrite[],
  failures: readonly WriteFailure[],
): Promise<readonly WriteFailure[]> {
  const left = failures.filter(({ code }) => !CURABLE.some((curable) => curable === code));
  for (const code of CURABLE) {
    const mine = failures.filter((failure) => failure.code === code);
    const keys = new Set(mine.map(({ table, id }) => `${table}/${id}`));
    const again = writes.filter(({ table, id }) => keys.has(`${table}/${id}`));
    left.push(...(await applyOnce(sql, tables, again)));
  }
  return left;
}

async function applyOnce(
  sql: SqlRunner,
  tables: TableRegistry,
  writes: readonly RowWrite[],
): Promise<readonly WriteFailure[]> {
  const failures: WriteFailure[] = [];
  for (const table of tables.tables) {
    for (const kind of ['update', 'insert'] as const) {
      const rows = writes.filter(
        (write): write is Present => write.table === table.name && write.kind === kind,
      );
      for (const chunk of chunksOf(rows))
        failures.push(...(await writeRows(sql, table, kind, chunk)));
    }
  }
  for (const table of tables.tables.toReversed()) {
    const ids = writes
      .filter((write) => write.table === table.name && write.kind === 'delete')
      .map(({ id }) => id);
    for (const chunk of chunksOf(ids)) failures.push(...(await deleteRows(sql, table, chunk)));
  }
  return failures;
}

async function writeRows(
  sql: SqlRunner,
  table: TableDefinition,
  kind: 'insert' | 'update',
  rows: readonly Present[],
): Promise<readonly WriteFailure[]> {
  const tableSql = sql.dialect === 'sqlite' ? sqliteTable : postgresTable;
  const statement = kind === 'insert' ? tableSql.insertRows(table) : tableSql.updateRows(table);
  const write = (items: readonly Present[]): Promise<void> =>
    sql.run(statement, [
      encodeRows(
        table,
        items.map(({ row }) => row),
      ),
    ]);
  if (kind === 'update' && rows.length > 1 && (await swapUnique(sql, table, rows, write)))
    return [];
  const refused = await writeBisecting(sql, rows, write);
  const failures: WriteFailure[] = [];
  for (const refusal of refused) {
    const failure = toFailure(sql, table, refusal, refusal.item.id);
    failures.push(await withMissingParent(sql, table, failure, refusal.item.row));
  }
  return failures;
}

/**
 * Writes updates whose unique values change places among them: first every unique text gets a placeholder, then
 * its value. Only tried when the plain statement fails on a unique value.
 *
 * @returns whether all rows are written.
 */
async function swapUnique(
  sql: SqlRunner,
  table: TableDefinition,
  rows: readonly Present[],
  write: (items: readonly Present[]) => Promise<void>,
): Promise<boolean> {
  const unique = movableColumns(table);
  if (unique.length === 0) return false;
  try {
    await sql.savepoint(() => write(rows));
    return true;
  } catch (thrown) {
    const fault = classifyDatabaseError(thrown);
    if (fault?.kind !== 'row' || fault.code !== 'row_unique') return false;
  }
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const among = amongIds(sql, sql.dialect === 'sqlite' ? sqliteTable : postgresTable);
  const placeholders = unique.map(({ name }) => `${quote(name)} = '~' || id`).join(', ');
  try {
    await sql.savepoint(async () => {
      await sql.run(`UPDATE ${quote(table.name)} SET ${placeholders} WHERE id ${among}`, [ids]);
      await write(rows);
    });
    return true;
  } catch (thrown) {
    if (classifyDatabaseError(thrown)?.kind !== 'row') throw thrown;
    return false;
  }
}

/** Columns of unique keys that can hold a placeholder: text that refers to no other row. */
function movableColumns(table: TableDefinition): TableDefinition['columns'] {
  const inKeys = new Set(table.uniqueKeys.flat());
  return table.columns.filter(
    ({ name, type, unique, references }) =>
      (unique === true || inKeys.has(name)) &&
      type.kind === 'text' &&
      references === undefined &&
      name !== 'id',
  );
}

async function deleteRows(
  sql: SqlRunner,
  table: TableDefinition,
  ids: readonly string[],
): Promise<readonly WriteFailure[]> {
  const statement = (sql.dialect === 'sqlite' ? sqliteTable : postgresTable).deleteRows(table);
  const refused = await writeBisecting(sql, ids, (items) =>
    sql.run(statement, [JSON.stringify(items)]),
  );
  return refused.map((refusal) => toFailure(sql, table, refusal, refusal.item));
}

/** SQLite does not say which reference leads nowhere, so it is looked up; columns are named, values never. */
async function withMissingParent(
  sql: SqlRunner,
  table: TableDefinition,
  failure: WriteFailure,
  row: Row,
): Promise<WriteFailure> {
  if (failure.code !== 'row_foreign_key') return failure;
  for (const { name, references } of table.columns) {
    const id = row[name];
    if (references === undefined || typeof id !== 'string') continue;
    const [found] = await sql.all(`SELECT 1 AS found FROM ${quote(references)} WHERE id = $1`, [
      id,
    ]);
    if (found === undefined) {
      return { ...failure, detail: `${name}: the master has no such row in ${references}` };
    }
  }
  return failure;
}

function toFailure<T>(
  sql: SqlRunner,
  table: TableDefinition,
  refusal: Refusal<T>,
  id: string,
): WriteFailure {
  const fault = classifyDatabaseError(refusal.thrown);
  if (fault?.kind !== 'row') throw refusal.thrown;
  const constraint = driverErrorOf(refusal.thrown).constraint;
  // Somebody else inserted the same key since we looked: start over and merge with it.
  if (sql.dialect === 'postgres' && fault.code === 'row_unique' && isKey(table, constraint)) {
    throw new RetryTransaction(`${table.name} ${id} was inserted by another transaction`);
  }
  return { table: table.name, id, code: fault.code, detail: fault.detail };
}

function isKey(table: TableDefinition, constraint: unknown): boolean {
  return constraint === `${table.name}_pkey` || constraint === `${KEY_INDEX_PREFIX}${table.name}`;
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += CHUNK_ROWS)
    chunks.push(items.slice(from, from + CHUNK_ROWS));
  return chunks;
}
