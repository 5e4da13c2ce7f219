import { SyncError } from '../../core/sync-error.ts';
import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { RowState } from '../slave-store.ts';
import { classifyDatabaseError } from './database-error.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { quote } from './dialects/table-sql.ts';
import { encodeRows } from './row-codec.ts';
import { chunksOfIds, chunksOfRows } from './slave-chunks.ts';
import type { SlaveTxContext } from './slave-context.ts';
import { tableWork, type TableWork } from './slave-table-work.ts';
import type { SqlRunner } from './sql-database.ts';

/** Writes rows as local work: captured, whole or not at all; see `SlaveWriteTx.writeCaptured`. */
export async function writeCaptured(
  context: SlaveTxContext,
  states: readonly RowState[],
): Promise<void> {
  const { sql, tables } = context;
  const work = tableWork(tables, states);
  try {
    await sql.savepoint(async () => {
      for (const { table, gone } of work.toReversed()) await deleteIds(sql, table, gone);
      for (const { table, rows } of work) await upsert(context, table, rows);
      for (const own of work) await checkReferences(sql, tables, own);
    });
  } catch (thrown) {
    const fault = classifyDatabaseError(thrown);
    if (fault?.kind !== 'row') throw thrown;
    throw new SyncError(fault.code, `the database refuses the change: ${fault.detail}`, {
      cause: thrown,
    });
  }
}

async function deleteIds(
  sql: SqlRunner,
  table: TableDefinition,
  ids: readonly string[],
): Promise<void> {
  for (const chunk of chunksOfIds(ids)) {
    await sql.run(sqliteTable.deleteRows(table), [JSON.stringify(chunk)]);
  }
}

async function upsert(
  context: SlaveTxContext,
  table: TableDefinition,
  rows: readonly Row[],
): Promise<void> {
  const styles = await context.timeStyles(table);
  for (const chunk of chunksOfRows(table, rows)) {
    await context.sql.run(sqliteTable.upsertRows(table), [encodeRows(table, chunk, styles)]);
  }
}

/** The store's connection has foreign keys off for the applier, so declared references are looked at here. */
async function checkReferences(
  sql: SqlRunner,
  tables: TableRegistry,
  { table, rows, gone }: TableWork,
): Promise<void> {
  const written = JSON.stringify(rows.map((row) => row['id']));
  const deleted = JSON.stringify(gone);
  for (const { name, references } of table.columns) {
    if (references === undefined || rows.length === 0) continue;
    const column = `t.${quote(name)}`;
    const orphan = `FROM ${quote(table.name)} t WHERE t.id IN (${sqliteTable.idList(1)}) AND ${column} IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM ${quote(references)} p WHERE p.id = ${column})`;
    if (await exists(sql, orphan, written)) {
      throw brokenReference(
        `${table.name}.${name} refers to a row of ${references} that is not there`,
      );
    }
  }
  for (const child of gone.length === 0 ? [] : tables.tables) {
    for (const { name, references } of child.columns) {
      if (references !== table.name) continue;
      const orphan = `FROM ${quote(child.name)} t WHERE t.${quote(name)} IN (${sqliteTable.idList(1)})`;
      if (await exists(sql, orphan, deleted)) {
        throw brokenReference(
          `rows of ${child.name} still refer to the ${table.name} row in ${name}`,
        );
      }
    }
  }
}

async function exists(sql: SqlRunner, from: string, ids: string): Promise<boolean> {
  return (await sql.all(`SELECT 1 AS found ${from} LIMIT 1`, [ids])).length > 0;
}

function brokenReference(reason: string): SyncError {
  return new SyncError('row_foreign_key', `the change cannot be written: ${reason}`);
}
