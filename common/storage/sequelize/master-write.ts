import type { LoggedChange } from '../../core/change.ts';
import type {
  ConflictRecord,
  ImageResult,
  MasterWriteTx,
  SlaveState,
  StoredBatch,
  Tombstone,
  WriteOrigin,
} from '../master-store.ts';
import { applyRowWrites } from './master-apply.ts';
import { createMasterReadTx, readHead, readRows, tableOf, type TxContext } from './master-read.ts';
import {
  hexExpression,
  readLoggedImage,
  toLoggedChange,
  toSlaveState,
  type LoggedRow,
  type SlaveRow,
} from './master-rows.ts';
import { saveSlave, storeBatch } from './master-slaves.ts';
import { noteChanges } from './note-changes.ts';
import { numberVisible } from './number-changes.ts';
import { encodeRows } from './row-codec.ts';

/** Reads and writes of the master's storage inside one transaction. */
export async function createMasterWriteTx(context: TxContext): Promise<MasterWriteTx> {
  const { sql } = context;
  // On SQLite everything after this position is this transaction's own; PostgreSQL knows by transaction id.
  const headBefore = sql.dialect === 'sqlite' ? await readHead(sql) : 0;
  return {
    ...createMasterReadTx(context),
    lockSlave: (name) => lockSlave(context, name),
    lockBatch: async (slave, batchId) => {
      if (sql.dialect !== 'postgres') return;
      const name = JSON.stringify([slave, batchId]);
      await sql.run('SELECT pg_advisory_xact_lock(7203116, hashtext($1))', [name]);
    },
    saveSlave: (state: SlaveState) => saveSlave(sql, state),
    storeBatch: (batch: StoredBatch) => storeBatch(sql, batch),
    renewEpoch: (epoch) => sql.run("UPDATE sync_meta SET value = $1 WHERE key = 'epoch'", [epoch]),
    lockRows: (table, ids) => lockRows(context, table, ids),
    changesSince: (table, ids, after) => changesSince(context, table, ids, after),
    tombstones: (table, ids) => tombstones(context, table, ids),
    rowAt: (table, id, position) => rowAt(context, table, id, position),
    applyWrites: (writes, origin) =>
      tagged(context, origin, () => applyRowWrites(sql, context.tables, writes)),
    noteChanges: (notes) => noteChanges(sql, notes, headBefore),
    recordConflicts: (conflicts, origin) => recordConflicts(context, conflicts, origin),
    numberOwnChanges: () => numberOwnChanges(context, headBefore),
  };
}

/** Runs writes whose captured changes carry an origin (design 3.1: capture is tagged, never switched off). */
async function tagged<T>(
  { sql }: TxContext,
  origin: WriteOrigin,
  work: () => Promise<T>,
): Promise<T> {
  if (sql.dialect === 'postgres') {
    await sql.all("SELECT set_config('sync.origin', $1, true)", [origin.slave]);
    const result = await work();
    await sql.all("SELECT set_config('sync.origin', '', true)");
    return result;
  }
  await sql.run('UPDATE sync_context SET origin = $1, transaction_id = $2, counting = 0', [
    origin.slave,
    origin.transaction,
  ]);
  const result = await work();
  await sql.run("UPDATE sync_context SET origin = '', transaction_id = NULL");
  return result;
}

async function lockSlave({ sql }: TxContext, name: string): Promise<SlaveState | null> {
  const lock = sql.dialect === 'postgres' ? ' FOR UPDATE' : '';
  if (sql.dialect === 'postgres') {
    // A first contact has no row to lock yet; two of them at once must still take turns.
    await sql.run('SELECT pg_advisory_xact_lock(7203115, hashtext($1))', [name]);
  }
  const [row] = await sql.all<SlaveRow>(`SELECT * FROM sync_slaves WHERE name = $1${lock}`, [name]);
  return row === undefined ? null : toSlaveState(row);
}

/** NO KEY: rows of other tables may go on referring to these meanwhile. Key order keeps uploads from deadlock. */
function lockRows(
  context: TxContext,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ImageResult>> {
  const isPostgres = context.sql.dialect === 'postgres';
  return readRows(context, table, ids, isPostgres ? ' ORDER BY t.id FOR NO KEY UPDATE' : '');
}

async function changesSince(
  context: TxContext,
  tableName: string,
  ids: readonly string[],
  after: number,
): Promise<ReadonlyMap<string, readonly LoggedChange[]>> {
  const { sql } = context;
  const table = tableOf(context, tableName);
  const keys = keyRows(context);
  const order = sql.dialect === 'sqlite' ? 'c.position' : 'c.position NULLS LAST, c.id';
  // In SQLite a CROSS JOIN keeps its order: left to itself, SQLite reads the table's whole log for every batch.
  const join = sql.dialect === 'sqlite' ? 'CROSS JOIN' : 'JOIN';
  const rows = await sql.all<LoggedRow>(
    `SELECT c.row_id, c.position, c.action, c.columns, c.moves, c.counted_at, c.changed_at, c.origin, c.generation
     FROM ${keys} ${join} sync_changes c ON c.table_name = $2 AND c.row_id = k.id
     WHERE c.position > $3${sql.dialect === 'sqlite' ? '' : ' OR c.position IS NULL'} ORDER BY ${order}`,
    [JSON.stringify(ids), table.name, after],
  );
  const grouped = Map.groupBy(rows, (row) => row.row_id);
  return new Map(
    [...grouped].map(([id, group]) => [id, group.map((row) => toLoggedChange(table, row))]),
  );
}

async function tombstones(
  context: TxContext,
  tableName: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Tombstone>> {
  const { sql } = context;
  const table = tableOf(context, tableName);
  const place = sql.dialect === 'sqlite' ? 'position' : 'id';
  const order = sql.dialect === 'sqlite' ? 'position DESC' : 'position DESC NULLS FIRST, id DESC';
  const rows = await sql.all<LoggedRow & { image: string; place: number }>(
    `SELECT c.*, c.${place} AS place FROM ${keyRows(context)} JOIN sync_changes c ON c.${place} = (
       SELECT l.${place} FROM sync_changes l WHERE l.table_name = $2 AND l.row_id = k.id ORDER BY ${order} LIMIT 1)
     WHERE c.action = 'delete'`,
    [JSON.stringify(ids), table.name],
  );
  const stones = new Map<string, Tombstone>();
  for (const row of rows) {
    const hexOf = (): Promise<string> => imageHex(context, place, row.place);
    const image = await readLoggedImage(table, row, hexOf);
    stones.set(row.row_id, {
      position: row.position === null ? Infinity : Number(row.position),
      generation: row.generation,
      row: image.ok ? image.row : null,
      changedAt: row.changed_at,
      origin: row.origin,
    });
  }
  return stones;
}

interface LoggedImage {
  readonly image: string;
  readonly action: string;
  readonly position: number | string;
  readonly changed_at: string;
}

async function rowAt(
  context: TxContext,
  tableName: string,
  id: string,
  position: number,
): ReturnType<MasterWriteTx['rowAt']> {
  const table = tableOf(context, tableName);
  const [row] = await context.sql.all<LoggedImage>(
    `SELECT image, action, position, changed_at FROM sync_changes WHERE table_name = $1 AND row_id = $2 AND position <= $3
     ORDER BY position DESC LIMIT 1`,
    [table.name, id, position],
  );
  if (row === undefined || row.action === 'delete') return null;
  const image = await readLoggedImage(table, row, () =>
    imageHex(context, 'position', Number(row.position)),
  );
  return image.ok ? image.row : null;
}

async function recordConflicts(
  context: TxContext,
  conflicts: readonly ConflictRecord[],
  origin: WriteOrigin,
): Promise<void> {
  const table = tableOf(context, 'sync_conflicts');
  const jsonOrNull = (value: unknown): string | null =>
    value === null ? null : JSON.stringify(value);
  const rows = conflicts.map((conflict) => ({
    id: conflict.id,
    table_name: conflict.table,
    record_id: conflict.recordId,
    slave: conflict.slave,
    columns: JSON.stringify(conflict.columns),
    base: jsonOrNull(conflict.base),
    master: jsonOrNull(conflict.master),
    incoming: jsonOrNull(conflict.incoming),
    policy: conflict.policy,
    reason: conflict.reason,
    outcome: conflict.outcome,
    state: conflict.state,
    resolution: null,
    resolved_by: null,
    version: null,
    created_at: conflict.at,
    updated_at: conflict.at,
  }));
  await tagged(context, origin, () =>
    context.sql.run(context.tableSql.insertRows(table), [encodeRows(table, rows)]),
  );
}

async function numberOwnChanges(
  { sql }: TxContext,
  headBefore: number,
): Promise<ReadonlyMap<string, number>> {
  await numberVisible(sql);
  const own =
    sql.dialect === 'sqlite'
      ? 'position > $1'
      : 'position > $1 AND transaction_id = pg_current_xact_id()::text';
  const floor = sql.dialect === 'sqlite' ? headBefore : await lowestOwnCandidate(sql);
  const rows = await sql.all<{ table_name: string; row_id: string; position: number | string }>(
    `SELECT table_name, row_id, max(position) AS position FROM sync_changes WHERE ${own} GROUP BY table_name, row_id`,
    [floor],
  );
  return new Map(rows.map((row) => [`${row.table_name}/${row.row_id}`, Number(row.position)]));
}

/** The head that this transaction's own update replaced: own positions lie above it. */
async function lowestOwnCandidate(sql: TxContext['sql']): Promise<number> {
  const [row] = await sql.all<{ floor: number | string }>(
    'SELECT h.position - h.numbered AS floor FROM sync_head h WHERE h.id = 1',
  );
  return Number(row?.floor ?? 0);
}

function keyRows({ sql }: TxContext): string {
  return sql.dialect === 'sqlite'
    ? '(SELECT value AS id FROM json_each($1)) k'
    : '(SELECT jsonb_array_elements_text($1::jsonb) COLLATE "C" AS id) k';
}

async function imageHex({ sql }: TxContext, column: string, value: number): Promise<string> {
  const [row] = await sql.all<{ hex: string }>(
    `SELECT ${hexExpression(sql, 'image')} AS hex FROM sync_changes WHERE ${column} = $1`,
    [value],
  );
  return row?.hex ?? '';
}
