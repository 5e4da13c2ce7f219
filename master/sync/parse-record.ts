import { canonicalTime } from '../../common/core/canonical-time.ts';
import { canonicalizeColumns, isValidKey } from '../../common/core/canonical-value.ts';
import type { Action, IncomingChange } from '../../common/core/change.ts';
import type { ErrorCode } from '../../common/core/error-codes.ts';
import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import { uploadRecordFields } from '../../common/protocol/upload.ts';
import { MAX_ROW_BYTES } from '../../common/protocol/version.ts';

/** A record's change, or why the record cannot be taken; `table` and `id` as far as they could be read. */
export type ParsedRecord =
  | { readonly ok: true; readonly change: IncomingChange }
  | {
      readonly ok: false;
      readonly table: string;
      readonly id: string;
      readonly operation: number | undefined;
      readonly code: ErrorCode;
      readonly detail: string;
    };

const FIELDS: ReadonlySet<string> = new Set(uploadRecordFields);

type RawRecord = Readonly<Record<string, unknown>>;
type Fault = { readonly code: ErrorCode; readonly detail: string };
type Content = Pick<IncomingChange, 'values' | 'deltas'>;
type Shape = Pick<IncomingChange, 'action' | 'id'> & { readonly data: RawRecord };

const NOTHING: Content = { values: {}, deltas: {} };

/**
 * Reads one record of an upload. Whatever is wrong with it concerns this record alone (P6).
 *
 * @param nowIso the change's time where the record gives none.
 */
export function parseRecord(raw: unknown, tables: TableRegistry, nowIso: string): ParsedRecord {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const fault = { code: 'record_invalid', detail: 'a record must be an object' } as const;
    return { ok: false, table: '', id: '', operation: undefined, ...fault };
  }
  // Whatever JSON object it is: every field is checked before it is used.
  const record = raw as RawRecord;
  const operation = typeof record['op'] === 'number' ? record['op'] : undefined;
  const change = readChange(record, tables, nowIso);
  if (!('code' in change)) {
    return { ok: true, change: operation === undefined ? change : { ...change, operation } };
  }
  const id = isValidKey(record['id']) ? record['id'] : nameOf(record['id']);
  const { code, detail } = change;
  return { ok: false, table: nameOf(record['table']), id, operation, code, detail };
}

function readChange(
  record: RawRecord,
  tables: TableRegistry,
  nowIso: string,
): Fault | IncomingChange {
  const { table: name, base_version: base } = record;
  const table = typeof name === 'string' ? tables.byName.get(name) : undefined;
  if (table === undefined) return { code: 'table_unknown', detail: 'the table is not synced' };
  const shape = readShape(record);
  if ('code' in shape) return shape;
  const content =
    shape.action === 'delete' ? NOTHING : readContent(table, shape.id, record['delta'], shape.data);
  if ('code' in content) return content;
  const changedAt = readTime(record['changed_at'], nowIso);
  if (typeof changedAt !== 'string') return changedAt;
  return {
    table: table.name,
    id: shape.id,
    action: shape.action,
    ...content,
    changedAt,
    ...(typeof base === 'number' ? { baseVersion: base } : {}),
  };
}

function readTime(raw: unknown, nowIso: string): Fault | string {
  if (raw === undefined) return nowIso;
  const time = canonicalTime(raw);
  return time.ok ? String(time.value) : { code: time.code, detail: `changed_at: ${time.detail}` };
}

function readShape(record: RawRecord): Fault | Shape {
  const { action, id, data, base_version: base = 0, op = 1 } = record;
  const stray = Object.keys(record).find((name) => !FIELDS.has(name) && !name.startsWith('x-'));
  if (stray !== undefined) {
    return { code: 'record_invalid', detail: `unknown field ${nameOf(stray)}` };
  }
  if (!isAction(action)) {
    return { code: 'action_invalid', detail: 'the action must be create, update or delete' };
  }
  if (!isValidKey(id)) {
    return { code: 'key_invalid', detail: 'the id must be text of 1 to 64 characters' };
  }
  if (!isWholeFrom(0, base)) {
    return { code: 'version_invalid', detail: 'base_version must be a whole number from 0' };
  }
  if (!isWholeFrom(1, op)) {
    return { code: 'record_invalid', detail: 'op must be a whole number from 1' };
  }
  const columns = data ?? {};
  return isObject(columns)
    ? { action, id, data: columns }
    : { code: 'record_invalid', detail: 'data must be an object' };
}

function isAction(value: unknown): value is Action {
  return value === 'create' || value === 'update' || value === 'delete';
}

function isObject(value: unknown): value is RawRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

/** The beginning of a foreign text, enough to find the record by. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 64).toWellFormed() : '';
}

function readContent(
  table: TableDefinition,
  id: string,
  delta: unknown,
  data: RawRecord,
): Fault | Content {
  if (Object.hasOwn(data, 'id') && data['id'] !== id) {
    return { code: 'key_invalid', detail: 'the id in data is another one' };
  }
  const columns = readColumns(table, data);
  if ('code' in columns) return columns;
  const deltas = readDeltas(table, delta ?? {});
  if ('code' in deltas) return deltas;
  const { id: _key, ...values } = columns.row;
  const twice = Object.keys(deltas.deltas).find((name) => Object.hasOwn(values, name));
  return twice === undefined
    ? { values, deltas: deltas.deltas }
    : { code: 'record_invalid', detail: `${twice} is both set and moved` };
}

function readColumns(
  table: TableDefinition,
  data: Readonly<Record<string, unknown>>,
): Fault | { readonly row: Row } {
  for (const { name, type } of table.columns) {
    // Images of SQLite rows have 0 and 1 for booleans; on the wire they are something else.
    if (type.kind === 'boolean' && typeof data[name] === 'number') {
      return { code: 'value_type', detail: `${name}: true or false expected, number found` };
    }
  }
  const result = canonicalizeColumns(table, data);
  if (!result.ok) return { code: result.code, detail: `${result.column}: ${result.detail}` };
  return Buffer.byteLength(JSON.stringify(result.row)) > MAX_ROW_BYTES
    ? { code: 'row_too_large', detail: `more than ${MAX_ROW_BYTES} bytes` }
    : { row: result.row };
}

function readDeltas(
  table: TableDefinition,
  raw: unknown,
): Fault | { readonly deltas: IncomingChange['deltas'] } {
  if (!isObject(raw)) {
    return { code: 'record_invalid', detail: 'delta must be an object of counter columns' };
  }
  const stray = Object.keys(raw).find((name) => table.columnByName.get(name)?.counter !== true);
  if (stray !== undefined) {
    return { code: 'column_unknown', detail: `${nameOf(stray)} is no counter of ${table.name}` };
  }
  const result = canonicalizeColumns(table, raw);
  if (!result.ok) {
    return { code: result.code, detail: `delta of ${result.column}: ${result.detail}` };
  }
  // Counters are integers and decimals that are never null.
  return { deltas: result.row as IncomingChange['deltas'] };
}
