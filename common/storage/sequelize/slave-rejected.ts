import type { Action, Deltas } from '../../core/change.ts';
import { isErrorCode } from '../../core/sync-error.ts';
import type { Row } from '../../core/table-definition.ts';
import type { RejectedChange, RejectedFilter } from '../slave-store.ts';
import type { SqlRunner } from './sql-database.ts';

type NewRejected = Omit<RejectedChange, 'rejectedId'>;

interface RejectedRow {
  readonly rejected_id: number;
  readonly direction: 'up' | 'down';
  readonly table_name: string;
  readonly row_id: string;
  readonly action: Action;
  readonly columns: string;
  readonly row: string | null;
  readonly before: string | null;
  readonly deltas: string;
  readonly counted: number;
  readonly base_position: number;
  readonly captured_at: string;
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly tried_at_progress: number;
  readonly first_rejected_at: string;
  readonly last_rejected_at: string;
  readonly operation: number | null;
  readonly version: number | null;
}

const FIELDS = [
  'direction',
  'table_name',
  'row_id',
  'action',
  'columns',
  'row',
  'before',
  'deltas',
  'counted',
  'base_position',
  'captured_at',
  'code',
  'detail',
  'attempts',
  'tried_at_progress',
  'first_rejected_at',
  'last_rejected_at',
  'operation',
  'version',
] as const;

/** Set-aside changes that meet the filter, oldest first. */
export async function readRejected(
  sql: SqlRunner,
  filter: RejectedFilter = {},
): Promise<readonly RejectedChange[]> {
  const { where, bind } = conditionOf(filter);
  const rows = await sql.all<RejectedRow>(
    `SELECT * FROM sync_rejected ${where} ORDER BY rejected_id LIMIT $${bind.length + 1}`,
    [...bind, filter.limit ?? -1],
  );
  return rows.map(toRejected);
}

/** How many changes are set aside. */
export async function rejectedCount(sql: SqlRunner): Promise<number> {
  const [row] = await sql.all<{ n: number }>('SELECT count(*) AS n FROM sync_rejected');
  return row?.n ?? 0;
}

/** Adds changes in order. */
export async function addRejected(sql: SqlRunner, changes: readonly NewRejected[]): Promise<void> {
  if (changes.length === 0) return;
  const values = FIELDS.map((_, index) => `value->>${index}`).join(', ');
  await sql.run(
    `INSERT INTO sync_rejected (${FIELDS.join(', ')}) SELECT ${values} FROM jsonb_each($1) ORDER BY key`,
    [JSON.stringify(changes.map(storedForm))],
  );
}

/** Forgets changes; unknown numbers do not matter. */
export async function removeRejected(sql: SqlRunner, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql.run(
    'DELETE FROM sync_rejected WHERE rejected_id IN (SELECT value FROM json_each($1))',
    [JSON.stringify(ids)],
  );
}

function conditionOf(filter: RejectedFilter): {
  readonly where: string;
  readonly bind: readonly unknown[];
} {
  const bind: unknown[] = [];
  const parts: string[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    bind.push(Array.isArray(value) ? JSON.stringify(value) : value);
    parts.push(condition.replace('?', `$${bind.length}`));
  };
  add('direction = ?', filter.direction);
  add('table_name = ?', filter.table);
  add('row_id IN (SELECT value FROM json_each(?))', filter.ids);
  add('rejected_id IN (SELECT value FROM json_each(?))', filter.rejectedIds);
  add('tried_at_progress < ?', filter.triedBefore);
  add('rejected_id > ?', filter.after);
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, bind };
}

/** Values in the order of {@link FIELDS}. Rows stay JSON text within JSON, so that every value comes back as it was. */
function storedForm(change: NewRejected): readonly (string | number | null)[] {
  return [
    change.direction,
    change.table,
    change.id,
    change.action,
    change.columns.join(','),
    change.row === null ? null : JSON.stringify(change.row),
    change.before === null ? null : JSON.stringify(change.before),
    JSON.stringify(change.deltas),
    change.counted ? 1 : 0,
    change.basePosition,
    change.capturedAt,
    change.code,
    change.detail,
    change.attempts,
    change.triedAtProgress,
    change.firstRejectedAt,
    change.lastRejectedAt,
    change.operation,
    change.version,
  ];
}

function toRejected(row: RejectedRow): RejectedChange {
  return {
    rejectedId: row.rejected_id,
    direction: row.direction,
    table: row.table_name,
    id: row.row_id,
    action: row.action,
    columns: row.columns === '' ? [] : row.columns.split(','),
    row: storedRow(row.row),
    before: storedRow(row.before),
    deltas: JSON.parse(row.deltas) as Deltas,
    counted: row.counted === 1,
    basePosition: row.base_position,
    capturedAt: row.captured_at,
    // A code of another program version is still shown by its detail.
    code: isErrorCode(row.code) ? row.code : 'internal_error',
    detail: row.detail,
    attempts: row.attempts,
    triedAtProgress: row.tried_at_progress,
    firstRejectedAt: row.first_rejected_at,
    lastRejectedAt: row.last_rejected_at,
    operation: row.operation,
    version: row.version,
  };
}

/** Written by {@link addRejected} only, from canonical rows. */
function storedRow(text: string | null): Row | null {
  return text === null ? null : (JSON.parse(text) as Row);
}
