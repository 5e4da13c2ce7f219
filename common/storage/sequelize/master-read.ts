import { MAX_PAGE_BYTES } from '../../core/limits.ts';
import { SyncError } from '../../core/sync-error.ts';
import type { TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type {
  ImageResult,
  LogEntry,
  LogPage,
  LogPageRequest,
  Mark,
  MasterReadTx,
  SnapshotRow,
} from '../master-store.ts';
import { postgresTable } from './dialects/postgres-table.ts';
import { sqliteTable } from './dialects/sqlite-table.ts';
import { amongIds, quote, type TableSql } from './dialects/table-sql.ts';
import { planLogPage, type PagePlan, type PlannedChange } from './log-page-plan.ts';
import {
  hexExpression,
  needsByteCheck,
  readImage,
  readLoggedImage,
  toSlaveState,
  toStoredBatch,
  type BatchRow,
  type SlaveRow,
} from './master-rows.ts';
import { decodeImage } from './row-codec.ts';
import type { SqlRunner } from './sql-database.ts';

/** What reading and writing inside one transaction need. */
export interface TxContext {
  readonly sql: SqlRunner;
  readonly tables: TableRegistry;
  readonly tableSql: TableSql;
}

/** Binds a transaction to the tables and the SQL of its dialect. */
export function txContext(sql: SqlRunner, tables: TableRegistry): TxContext {
  return { sql, tables, tableSql: sql.dialect === 'sqlite' ? sqliteTable : postgresTable };
}

/** Reads of the master's storage inside one transaction. */
export function createMasterReadTx(context: TxContext): MasterReadTx {
  const { sql } = context;
  return {
    epoch: () => readMeta(sql, 'epoch'),
    nonceSecret: () => readMeta(sql, 'nonce_secret'),
    head: () => readHead(sql),
    purgedUpTo: async () => Number(await readMeta(sql, 'purged_up_to')),
    markAt: (time) => readMark(sql, 'numbered_at <= $1', time),
    markAtPosition: (position) => readMark(sql, 'position <= $1', position),
    logPage: (request, tables) => readLogPage(context, request, tables),
    snapshotPage: (table, after, limit) =>
      readSnapshotPage(context, tableOf(context, table), after, limit),
    rows: (table, ids) => readRows(context, table, ids, ''),
    countRows: (table) => countRows(sql, tableOf(context, table)),
    slave: async (name) => {
      const [row] = await sql.all<SlaveRow>('SELECT * FROM sync_slaves WHERE name = $1', [name]);
      return row === undefined ? null : toSlaveState(row);
    },
    slaves: async () => {
      const rows = await sql.all<SlaveRow>('SELECT * FROM sync_slaves ORDER BY name');
      return rows.map(toSlaveState);
    },
    batchById: async (slave, incarnation, batchId) => {
      const [row] = await sql.all<BatchRow>(
        'SELECT * FROM sync_batches WHERE slave = $1 AND incarnation = $2 AND batch_id = $3',
        [slave, incarnation, batchId],
      );
      return row === undefined ? null : toStoredBatch(row);
    },
    lastStoredOperation: async (slave, incarnation) => {
      const [row] = await sql.all<{ last: number | string | null }>(
        'SELECT max(last_operation) AS last FROM sync_batches WHERE slave = $1 AND incarnation = $2',
        [slave, incarnation],
      );
      return Number(row?.last ?? 0);
    },
    batchesCovering: async (slave, incarnation, first, last) => {
      const rows = await sql.all<BatchRow>(
        `SELECT * FROM sync_batches WHERE slave = $1 AND incarnation = $2 AND last_operation >= $3 AND first_operation <= $4
         ORDER BY first_operation`,
        [slave, incarnation, first, last],
      );
      return rows.map(toStoredBatch);
    },
  };
}

/** A synced table by name. @throws SyncError `table_unknown`. */
export function tableOf(context: TxContext, name: string): TableDefinition {
  const table = context.tables.byName.get(name);
  if (table === undefined) throw new SyncError('table_unknown', `table ${name} is not synced`);
  return table;
}

async function readLogPage(
  context: TxContext,
  request: LogPageRequest,
  tables: readonly string[],
): Promise<LogPage> {
  const plan = await planPage(context.sql, request);
  if (plan.end <= request.after) {
    return { entries: [], position: request.after, hasMore: false, partial: false };
  }
  const rows = await context.sql.all<LogRow>(
    `SELECT position, table_name, row_id, action, image, origin, echo, generation, changed_at FROM sync_changes
     WHERE position > $1 AND position <= $2 ORDER BY position`,
    [request.after, plan.end],
  );
  const wanted = new Set(tables);
  const entries: LogEntry[] = [];
  for (const row of rows) {
    const table = wanted.has(row.table_name)
      ? context.tables.byName.get(row.table_name)
      : undefined;
    if (table !== undefined) entries.push(await toLogEntry(context.sql, table, row));
  }
  return { entries, position: plan.end, hasMore: plan.hasMore, partial: plan.partial };
}

/** Looks at the sizes of the next changes only, and at as many as the page's end asks for. */
async function planPage(sql: SqlRunner, request: LogPageRequest): Promise<PagePlan> {
  for (let lookahead = request.limit + 1; ; lookahead = request.hardLimit + 1) {
    const rows = await sql.all<{
      position: number | string;
      transaction_id: string | null;
      bytes: number;
    }>(
      'SELECT position, transaction_id, length(image) AS bytes FROM sync_changes WHERE position > $1 ORDER BY position LIMIT $2',
      [request.after, lookahead],
    );
    const changes = rows.map((row): PlannedChange => ({
      position: Number(row.position),
      transaction: row.transaction_id,
      bytes: row.bytes,
    }));
    const plan = planLogPage(request, changes, rows.length < lookahead, MAX_PAGE_BYTES);
    if (!plan.needsMore || lookahead > request.hardLimit) return plan;
  }
}

async function readSnapshotPage(
  context: TxContext,
  table: TableDefinition,
  after: string | null,
  limit: number,
): Promise<readonly SnapshotRow[]> {
  const { sql, tableSql } = context;
  const id = sql.dialect === 'sqlite' ? 't.id' : 't.id COLLATE "C"';
  const rows = await sql.all<{ id: string; image: string; version: number | string | null }>(
    `SELECT t.id AS id, ${tableSql.image(table, 't')} AS image,
      (SELECT max(c.position) FROM sync_changes c WHERE c.table_name = '${table.name}' AND c.row_id = t.id) AS version
     FROM ${quote(table.name)} t ${after === null ? '' : `WHERE ${id} > $2`} ORDER BY ${id} LIMIT $1`,
    after === null ? [limit] : [limit, after],
  );
  const page: SnapshotRow[] = [];
  for (const row of rows) {
    // Most rows need no second look, and awaiting each of 100,000 is felt.
    const image = needsByteCheck(row.image)
      ? await readImage(table, row.image, () => rowHex(context, table, row.id))
      : decodeImage(table, row.image);
    page.push({ id: String(row.id), row: image, version: Number(row.version ?? 0) });
  }
  return page;
}

/** Present rows by id; `suffix` is SQL after the condition, such as a lock. */
export async function readRows(
  context: TxContext,
  tableName: string,
  ids: readonly string[],
  suffix: string,
): Promise<ReadonlyMap<string, ImageResult>> {
  const { sql, tableSql } = context;
  const table = tableOf(context, tableName);
  const rows = await sql.all<{ id: string; image: string }>(
    `SELECT t.id AS id, ${tableSql.image(table, 't')} AS image FROM ${quote(table.name)} t
     WHERE t.id ${amongIds(sql, tableSql)}${suffix}`,
    [JSON.stringify(ids)],
  );
  const found = new Map<string, ImageResult>();
  for (const { id, image } of rows) {
    found.set(String(id), await readImage(table, image, () => rowHex(context, table, id)));
  }
  return found;
}

async function countRows(sql: SqlRunner, table: TableDefinition): Promise<number> {
  const [row] = await sql.all<{ n: number | string }>(
    `SELECT count(*) AS n FROM ${quote(table.name)}`,
  );
  return Number(row?.n ?? 0);
}

async function readMeta(sql: SqlRunner, key: string): Promise<string> {
  const [row] = await sql.all<{ value: string }>('SELECT value FROM sync_meta WHERE key = $1', [
    key,
  ]);
  if (row === undefined) throw new SyncError('storage_not_migrated', `the database has no ${key}`);
  return row.value;
}

async function readMark(sql: SqlRunner, condition: string, value: string | number): Promise<Mark> {
  const [row] = await sql.all<{ position: number | string; numbered_at: string }>(
    `SELECT position, numbered_at FROM sync_marks WHERE ${condition} ORDER BY numbered_at DESC LIMIT 1`,
    [value],
  );
  return row === undefined
    ? { position: 0, numberedAt: '0001-01-01T00:00:00.000Z' }
    : { position: Number(row.position), numberedAt: row.numbered_at };
}

async function toLogEntry(sql: SqlRunner, table: TableDefinition, row: LogRow): Promise<LogEntry> {
  const position = Number(row.position);
  return {
    position,
    table: table.name,
    id: row.row_id,
    action: row.action,
    row: await readLoggedImage(table, row, () => logHex(sql, position)),
    origin: row.origin,
    echo: row.echo === 1,
    generation: row.generation,
    changedAt: row.changed_at,
  };
}

async function logHex(sql: SqlRunner, position: number): Promise<string> {
  const [row] = await sql.all<{ hex: string }>(
    `SELECT ${hexExpression(sql, 'image')} AS hex FROM sync_changes WHERE position = $1`,
    [position],
  );
  return row?.hex ?? '';
}

async function rowHex(context: TxContext, table: TableDefinition, id: string): Promise<string> {
  const { sql, tableSql } = context;
  const [row] = await sql.all<{ hex: string }>(
    `SELECT ${hexExpression(sql, tableSql.image(table, 't'))} AS hex FROM ${quote(table.name)} t WHERE t.id = $1`,
    [id],
  );
  return row?.hex ?? '';
}

interface LogRow {
  readonly position: number | string;
  readonly table_name: string;
  readonly row_id: string;
  readonly action: LogEntry['action'];
  readonly image: string;
  readonly origin: string;
  readonly echo: number;
  readonly generation: number;
  readonly changed_at: string;
}

/** Newest position of the change log. */
export async function readHead(sql: SqlRunner): Promise<number> {
  const [row] =
    sql.dialect === 'sqlite'
      ? await sql.all<{ position: number | null }>(
          "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sync_changes'), 0)) AS position",
        )
      : await sql.all<{ position: string }>('SELECT position FROM sync_head WHERE id = 1');
  return Number(row?.position ?? 0);
}
