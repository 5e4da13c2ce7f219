import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { ImageResult } from '../master-store.ts';
import { declaredUniqueKeys } from './dialects/sqlite-capture.ts';
import { presentUniqueKeys } from './dialects/sqlite-inspect.ts';
import { quote } from './dialects/table-sql.ts';
import { encodeRows } from './row-codec.ts';
import { tableOf, type SlaveTxContext } from './slave-context.ts';
import { readRows } from './slave-images.ts';
import type { SqlRunner } from './sql-database.ts';

/** A part of a table in binary key order. */
export interface KeyRange {
  readonly table: string;
  /** Exclusive lower end; null is the table's start. */
  readonly after: string | null;
  /** Inclusive upper end; null is the table's end. */
  readonly upTo: string | null;
}

/** Present rows by id. */
export async function rowsById(
  context: SlaveTxContext,
  name: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ImageResult>> {
  if (ids.length === 0) return new Map();
  const tail = `WHERE t.id IN (SELECT value FROM json_each($1)) ORDER BY t.id`;
  const rows = await readRows(context.sql, tableOf(context, name), tail, [JSON.stringify(ids)]);
  return new Map(rows.map(({ id, row }) => [id, row]));
}

/** Rows after a key in binary order. Rows whose key is no valid text are left out: nobody could ask for more after them. */
export async function rowPage(
  context: SlaveTxContext,
  name: string,
  after: string | null,
  limit: number,
): Promise<readonly { readonly id: string; readonly row: ImageResult }[]> {
  const table = tableOf(context, name);
  const tail = `WHERE t.id COLLATE BINARY > $1 AND typeof(t.id) = 'text'
    ORDER BY t.id COLLATE BINARY LIMIT $2`;
  for (let wanted = limit; ; wanted *= 2) {
    const rows = await readRows(context.sql, table, tail, [after ?? '', wanted]);
    const named = rows.filter((row) => !row.isNameless);
    // Only a page without any valid key would look like the table's end.
    if (named.length > 0 || rows.length < wanted) {
      return named.slice(0, limit).map(({ id, row }) => ({ id, row }));
    }
  }
}

/** Ids of other rows that hold a value which `row` needs in a unique column or key. */
export async function rowsInTheWay(
  context: SlaveTxContext,
  name: string,
  row: Row,
): Promise<readonly string[]> {
  const { sql } = context;
  const table = tableOf(context, name);
  const keys = [...declaredUniqueKeys(table), ...(await presentUniqueKeys(sql, name, 'whole'))];
  const matches = keys.flatMap((key) => matchOf(table, key));
  if (matches.length === 0) return [];
  const found = await sql.all<{ id: string }>(
    `SELECT DISTINCT t.id AS id FROM ${quote(name)} t, jsonb_each($1) AS j
      WHERE t.id <> j.value->>0 AND (${[...new Set(matches)].join(' OR ')}) ORDER BY t.id`,
    [encodeRows(table, [row], await context.timeStyles(table))],
  );
  return found.map(({ id }) => id);
}

/** Ids of a key range that are not in `keep` and carry no unsent or rejected change, ascending. */
export async function idsInRange(
  sql: SqlRunner,
  range: KeyRange,
  keep: readonly string[],
  limit = -1,
): Promise<readonly string[]> {
  const bind: unknown[] = [JSON.stringify(keep), limit];
  // Only the ends that there are, so that the key's index finds the range.
  const ends = [
    range.after === null ? '' : `AND t.id COLLATE BINARY > $${bind.push(range.after)}`,
    range.upTo === null ? '' : `AND t.id COLLATE BINARY <= $${bind.push(range.upTo)}`,
  ];
  const rows = await sql.all<{ id: string }>(
    `SELECT t.id AS id FROM ${quote(range.table)} t
      WHERE typeof(t.id) = 'text' ${ends.join(' ')}
        AND t.id NOT IN (SELECT value FROM json_each($1)) AND ${withoutLocalWork(range.table, 't.id')}
      ORDER BY t.id COLLATE BINARY LIMIT $2`,
    bind,
  );
  return rows.map(({ id }) => id);
}

/** Ids of a key range that are not in `keep` and carry unsent or rejected changes, ascending; see `SlaveWriteTx.workInRange`. */
export async function workInRange(
  sql: SqlRunner,
  range: KeyRange,
  keep: readonly string[],
): Promise<readonly string[]> {
  const bind: unknown[] = [range.table, JSON.stringify(keep)];
  const ends = [
    range.after === null ? '' : `AND w.id > $${bind.push(range.after)}`,
    range.upTo === null ? '' : `AND w.id <= $${bind.push(range.upTo)}`,
  ];
  const rows = await sql.all<{ id: string }>(
    `SELECT DISTINCT w.id AS id FROM (
        SELECT row_id AS id FROM sync_outbox WHERE table_name = $1 AND is_void = 0
        UNION SELECT row_id FROM sync_rejected WHERE direction = 'up' AND table_name = $1) w
      WHERE typeof(w.id) = 'text' ${ends.join(' ')} AND w.id NOT IN (SELECT value FROM json_each($2))
      ORDER BY w.id`,
    bind,
  );
  return rows.map(({ id }) => id);
}

/** Condition that a row has neither unsent nor rejected `up` changes. */
function withoutLocalWork(table: string, id: string): string {
  return `NOT EXISTS (SELECT 1 FROM sync_outbox o WHERE o.table_name = '${table}' AND o.row_id = ${id} AND o.is_void = 0)
        AND NOT EXISTS (SELECT 1 FROM sync_rejected r WHERE r.direction = 'up' AND r.table_name = '${table}' AND r.row_id = ${id})`;
}

/** A condition that a row has the values of one unique key; none when the key is the id, or has undeclared columns. */
function matchOf(table: TableDefinition, key: readonly string[]): readonly string[] {
  if (key.length === 1 && key[0] === 'id') return [];
  const parts = key.map((name) => {
    const index = table.columns.findIndex((column) => column.name === name);
    if (index < 0) return undefined;
    const value = `j.value->>${index}`;
    return table.columns[index]?.type.kind === 'blob'
      ? `t.${quote(name)} = unhex(${value})`
      : `t.${quote(name)} = (${value})`;
  });
  return parts.includes(undefined) ? [] : [`(${parts.join(' AND ')})`];
}
