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
const ACTIONS: ReadonlySet<string> = new Set(['create', 'update', 'delete']);

type Fault = { readonly code: ErrorCode; readonly detail: string };

/**
 * Reads one record of an upload. Whatever is wrong with it concerns this record alone (P6).
 *
 * @param nowIso the change's time where the record gives none.
 */
export function parseRecord(raw: unknown, tables: TableRegistry, nowIso: string): ParsedRecord {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return {
      ok: false,
      table: '',
      id: '',
      operation: undefined,
      code: 'record_invalid',
      detail: 'a record must be an object',
    };
  }
  const record = raw as Record<string, unknown>;
  const operation = typeof record['op'] === 'number' ? record['op'] : undefined;
  const refuse = ({ code, detail }: Fault): ParsedRecord => ({
    ok: false,
    table: typeof record['table'] === 'string' ? record['table'].slice(0, 64) : '',
    id: typeof record['id'] === 'string' ? record['id'].slice(0, 64) : '',
    operation,
    code,
    detail,
  });
  const table =
    typeof record['table'] === 'string' ? tables.byName.get(record['table']) : undefined;
  if (table === undefined)
    return refuse({ code: 'table_unknown', detail: 'the table is not synced' });
  const fault = shapeFault(record);
  if (fault !== undefined) return refuse(fault);
  const values = readValues(table, record);
  if ('code' in values) return refuse(values);
  const changedAt =
    record['changed_at'] === undefined ? nowIso : canonicalTime(record['changed_at']);
  if (typeof changedAt !== 'string' && !changedAt.ok) return refuse(changedAt);
  return {
    ok: true,
    change: {
      table: table.name,
      id: record['id'] as string,
      action: record['action'] as Action,
      values: values.values,
      deltas: values.deltas,
      changedAt: typeof changedAt === 'string' ? changedAt : String(changedAt.value),
      ...(operation === undefined ? {} : { operation }),
      ...(typeof record['base_version'] === 'number'
        ? { baseVersion: record['base_version'] }
        : {}),
    },
  };
}

function shapeFault(record: Record<string, unknown>): Fault | undefined {
  const stray = Object.keys(record).find((name) => !FIELDS.has(name) && !name.startsWith('x-'));
  if (stray !== undefined) {
    return { code: 'record_invalid', detail: `unknown field ${stray.slice(0, 40)}` };
  }
  if (typeof record['action'] !== 'string' || !ACTIONS.has(record['action'])) {
    return { code: 'action_invalid', detail: 'the action must be create, update or delete' };
  }
  if (!isValidKey(record['id'])) {
    return { code: 'key_invalid', detail: 'the id must be text of 1 to 64 characters' };
  }
  const base = record['base_version'];
  if (base !== undefined && !(Number.isSafeInteger(base) && (base as number) >= 0)) {
    return { code: 'version_invalid', detail: 'base_version must be a whole number from 0' };
  }
  return undefined;
}

function readValues(
  table: TableDefinition,
  record: Record<string, unknown>,
): Fault | { readonly values: Row; readonly deltas: Record<string, string | number> } {
  const { action, id } = record;
  const data = record['data'] ?? {};
  if (typeof data !== 'object' || Array.isArray(data) || data === null) {
    return { code: 'record_invalid', detail: 'data must be an object' };
  }
  if (action === 'delete') return { values: {}, deltas: {} };
  const result = canonicalizeColumns(table, data as Record<string, unknown>);
  if (!result.ok) return { code: result.code, detail: `${result.column}: ${result.detail}` };
  if (result.row['id'] !== undefined && result.row['id'] !== id) {
    return { code: 'key_invalid', detail: 'the id in data is another one' };
  }
  if (JSON.stringify(result.row).length > MAX_ROW_BYTES) {
    return { code: 'row_too_large', detail: `more than ${MAX_ROW_BYTES} bytes` };
  }
  const { id: _key, ...values } = result.row;
  const deltas = readDeltas(table, record['delta']);
  return 'code' in deltas ? deltas : { values, deltas: deltas.deltas };
}

function readDeltas(
  table: TableDefinition,
  raw: unknown,
): Fault | { readonly deltas: Record<string, string | number> } {
  if (raw === undefined || raw === null) return { deltas: {} };
  if (typeof raw !== 'object' || Array.isArray(raw)) {
    return { code: 'record_invalid', detail: 'delta must be an object of counter columns' };
  }
  const stray = Object.keys(raw).find((name) => table.columnByName.get(name)?.counter !== true);
  if (stray !== undefined) {
    return {
      code: 'column_unknown',
      detail: `${stray.slice(0, 40)} is no counter of ${table.name}`,
    };
  }
  const result = canonicalizeColumns(table, raw as Record<string, unknown>);
  if (!result.ok)
    return { code: result.code, detail: `delta of ${result.column}: ${result.detail}` };
  return { deltas: result.row as Record<string, string | number> };
}
