import type { SqlRunner } from '../sql-database.ts';
import { TRIGGER_PREFIX } from './sqlite-capture.ts';

/** A column as the database has it. */
export interface PresentColumn {
  readonly name: string;
  /** Declared type, as written; may be empty. */
  readonly type: string;
  readonly isGenerated: boolean;
}

/** A trigger as the database has it. */
export interface PresentTrigger {
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

/** The rule by which a SQLite column converts what is written to it (sqlite.org/datatype3.html, 3.1). */
export type Affinity = 'text' | 'integer' | 'real' | 'numeric' | 'blob';

/** What kind of thing has this name; undefined when nothing has. */
export async function objectKind(
  sql: SqlRunner,
  name: string,
): Promise<'table' | 'view' | undefined> {
  const [row] = await sql.all<{ type: 'table' | 'view' }>(
    `SELECT type FROM sqlite_schema WHERE lower(name) = $1 AND type IN ('table', 'view')`,
    [name],
  );
  return row?.type;
}

/** Columns of a table in order, generated ones included. */
export async function presentColumns(
  sql: SqlRunner,
  table: string,
): Promise<readonly PresentColumn[]> {
  const rows = await sql.all<{ name: string; type: string; hidden: number }>(
    'SELECT name, type, hidden FROM pragma_table_xinfo($1) ORDER BY cid',
    [table],
  );
  return rows.map(({ name, type, hidden }) => ({ name, type, isGenerated: hidden !== 0 }));
}

/**
 * Lists of columns that no two rows share: every unique index and primary key, whoever made it. Indexes on expressions
 * are left out.
 *
 * @param kind `all`, or only `whole` ones, which hold for every row (partial indexes do not).
 */
export async function presentUniqueKeys(
  sql: SqlRunner,
  table: string,
  kind: 'all' | 'whole',
): Promise<readonly (readonly string[])[]> {
  const rows = await sql.all<{ index: string; column: string | null }>(
    `SELECT list.name AS "index", info.name AS "column"
      FROM pragma_index_list($1) AS list JOIN pragma_index_info(list.name) AS info
      WHERE list."unique" = 1 AND (list.partial = 0 OR $2 = 'all') ORDER BY list.name, info.seqno`,
    [table, kind],
  );
  const keys = [...Map.groupBy(rows, (row) => row.index).values()].map((own) =>
    own.map((row) => row.column),
  );
  return keys.filter((names): names is string[] => names.every((name) => name !== null));
}

/** Capture triggers of ours, on whatever table. */
export async function presentTriggers(sql: SqlRunner): Promise<readonly PresentTrigger[]> {
  return sql.all<PresentTrigger>(
    `SELECT name, tbl_name AS "table", sql FROM sqlite_schema
      WHERE type = 'trigger' AND substr(name, 1, ${TRIGGER_PREFIX.length}) = '${TRIGGER_PREFIX}' ORDER BY name`,
  );
}

/** Affinity of a declared column type. */
export function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase();
  if (upper.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'text';
  if (upper === '' || upper.includes('BLOB')) return 'blob';
  return /REAL|FLOA|DOUB/.test(upper) ? 'real' : 'numeric';
}
