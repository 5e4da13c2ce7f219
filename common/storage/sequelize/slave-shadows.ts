import { canonicalizeRow } from '../../core/canonical-value.ts';
import type { Row, TableDefinition } from '../../core/table-definition.ts';
import type { Shadow } from '../slave-store.ts';
import { tableOf, type SlaveTxContext } from './slave-context.ts';
import { completed, parseImage } from './slave-images.ts';
import type { SqlRunner } from './sql-database.ts';

/** Version of a row that the master gave to a change of ours. */
export interface AcknowledgedVersion {
  readonly table: string;
  readonly id: string;
  readonly version: number;
}

/** The master's state of rows with local work, by id. */
export async function readShadows(
  context: SlaveTxContext,
  name: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Shadow>> {
  const table = tableOf(context, name);
  if (await isEmpty(context.sql, 'sync_shadow')) return new Map();
  const rows = await context.sql.all<{ id: string; row: string | null; version: number }>(
    `SELECT row_id AS id, row, version FROM sync_shadow
      WHERE table_name = $1 AND row_id IN (SELECT value FROM json_each($2))`,
    [name, JSON.stringify(ids)],
  );
  const now = context.clock.nowIso();
  return new Map(
    rows.map(({ id, row, version }) => [
      id,
      { table: name, id, row: row === null ? null : shadowRow(table, row, now), version },
    ]),
  );
}

/** Spares a first load the look-up of every id. */
async function isEmpty(
  sql: SqlRunner,
  table: 'sync_shadow' | 'sync_acknowledged',
): Promise<boolean> {
  const rows = await sql.all<{ found: number }>(`SELECT 1 AS found FROM ${table} LIMIT 1`);
  return rows.length === 0;
}

/** Keeps or replaces shadows. */
export async function saveShadows(sql: SqlRunner, shadows: readonly Shadow[]): Promise<void> {
  if (shadows.length === 0) return;
  const values = shadows.map(({ table, id, row, version }) => [
    table,
    id,
    row === null ? null : JSON.stringify(row),
    version,
  ]);
  await sql.run(
    `INSERT INTO sync_shadow (table_name, row_id, row, version)
      SELECT value->>0, value->>1, value->>2, value->>3 FROM jsonb_each($1) WHERE true
      ON CONFLICT (table_name, row_id) DO UPDATE SET row = excluded.row, version = excluded.version`,
    [JSON.stringify(values)],
  );
}

/** Forgets shadows of rows without unsent and rejected changes. */
export async function pruneShadows(sql: SqlRunner): Promise<void> {
  await sql.run(`DELETE FROM sync_shadow AS s WHERE
    NOT EXISTS (SELECT 1 FROM sync_outbox o WHERE o.table_name = s.table_name AND o.row_id = s.row_id AND o.is_void = 0)
    AND NOT EXISTS (SELECT 1 FROM sync_rejected r WHERE r.direction = 'up' AND r.table_name = s.table_name AND r.row_id = s.row_id)`);
}

/** Versions of own accepted changes beyond the cursor, by id (rule ECHO2). */
export async function acknowledgedVersions(
  sql: SqlRunner,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (await isEmpty(sql, 'sync_acknowledged')) return new Map();
  const rows = await sql.all<{ id: string; version: number }>(
    `SELECT row_id AS id, version FROM sync_acknowledged
      WHERE table_name = $1 AND row_id IN (SELECT value FROM json_each($2))`,
    [table, JSON.stringify(ids)],
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}

/** Remembers versions; a smaller one never replaces a greater one. */
export async function acknowledge(
  sql: SqlRunner,
  versions: readonly AcknowledgedVersion[],
): Promise<void> {
  if (versions.length === 0) return;
  await sql.run(
    `INSERT INTO sync_acknowledged (table_name, row_id, version)
      SELECT value->>0, value->>1, value->>2 FROM jsonb_each($1) WHERE true
      ON CONFLICT (table_name, row_id) DO UPDATE SET version = max(version, excluded.version)`,
    [JSON.stringify(versions.map(({ table, id, version }) => [table, id, version]))],
  );
}

/** Forgets acknowledged versions up to a position. */
export async function forgetAcknowledged(sql: SqlRunner, upTo: number): Promise<void> {
  await sql.run('DELETE FROM sync_acknowledged WHERE version <= $1', [upTo]);
}

/** Columns declared since the shadow was kept get their default. */
function shadowRow(table: TableDefinition, text: string, now: string): Row {
  const raw = parseImage(text) ?? {};
  const result = canonicalizeRow(table, completed(table, raw, now));
  return result.ok ? result.row : (raw as Row);
}
