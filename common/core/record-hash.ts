/** The fields of an upload record that make up its content. */
export interface HashedRecord {
  readonly table: string;
  readonly id: string;
  readonly action: string;
  readonly op?: number;
  readonly base_version?: number;
  readonly changed_at?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly delta?: Readonly<Record<string, unknown>>;
}

/**
 * The text whose SHA-256 tells whether two records are the same (rules ONCE2, ID4): JSON with sorted keys of
 * `action, base_version, changed_at, data, delta, id, op, table`; fields that are not there are left out.
 */
export function canonicalRecordText(record: HashedRecord): string {
  return sortedJson({
    action: record.action,
    base_version: record.base_version,
    changed_at: record.changed_at,
    data: record.data,
    delta: record.delta,
    id: record.id,
    op: record.op,
    table: record.table,
  });
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${sortedJson(field)}`);
  return `{${fields.join(',')}}`;
}
