import type { Row, WireValue } from './table-definition.ts';

/** One row of `sync_conflicts`, read. Times are ISO; rows hold canonical wire values. */
export interface Conflict {
  readonly id: string;
  readonly table: string;
  readonly recordId: string;
  /** Slave whose change met the other side's. */
  readonly slave: string;
  /** Columns in conflict; empty for update against delete. */
  readonly columns: readonly string[];
  readonly base: Row | null;
  readonly master: Row | null;
  readonly incoming: Row | null;
  readonly policy: string;
  readonly reason: string;
  /** Which side's value stood at first. */
  readonly outcome: string;
  readonly state: 'settled' | 'open' | 'resolved';
  /** The decision as JSON text, null before there is one. */
  readonly resolution: string | null;
  readonly resolvedBy: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Reads a row of `sync_conflicts`; what cannot be read is taken for absent. */
export function readConflict(row: Row): Conflict {
  return {
    id: textOf(row['id']),
    table: textOf(row['table_name']),
    recordId: textOf(row['record_id']),
    slave: textOf(row['slave']),
    columns: readColumns(row['columns']),
    base: readRow(row['base']),
    master: readRow(row['master']),
    incoming: readRow(row['incoming']),
    policy: textOf(row['policy']),
    reason: textOf(row['reason']),
    outcome: textOf(row['outcome']),
    state: readState(row['state']),
    resolution: row['resolution'] === null ? null : textOf(row['resolution']),
    resolvedBy: row['resolved_by'] === null ? null : textOf(row['resolved_by']),
    createdAt: textOf(row['created_at']),
    updatedAt: textOf(row['updated_at']),
  };
}

function textOf(value: WireValue | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

function readState(value: WireValue | undefined): Conflict['state'] {
  return value === 'open' || value === 'resolved' ? value : 'settled';
}

function readColumns(value: WireValue | undefined): readonly string[] {
  const parsed = parse(value);
  return Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : [];
}

function readRow(value: WireValue | undefined): Row | null {
  const parsed = parse(value);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
  return Object.fromEntries(
    Object.entries(parsed).filter((field): field is [string, WireValue] => isPlain(field[1])),
  );
}

function isPlain(value: unknown): value is WireValue {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function parse(value: WireValue | undefined): unknown {
  if (typeof value !== 'string') return null;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return null;
  }
}
