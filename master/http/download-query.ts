import type { ErrorCode } from '../../common/core/error-codes.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { DownloadQuery } from '../../common/protocol/download.ts';
import { MAX_RECORDS } from '../../common/protocol/version.ts';
import { readTime } from './query-time.ts';

const MAX_CURSOR_LENGTH = 512;

/** `tables`, `tables[]` and `tables[0]`, as different HTTP libraries write lists. */
const TABLES_PARAMETER = /^tables(?:\[\d{0,3}\])?$/;

/** Parameters that may be given once, each with the code of a wrong value. */
const SINGLE_PARAMETERS: ReadonlyMap<string, ErrorCode> = new Map([
  ['cursor', 'cursor_invalid'],
  ['limit', 'limit_invalid'],
  ['last_synced_at', 'time_invalid'],
]);

/**
 * Reads the query of `GET download`.
 *
 * @throws SyncError `cursor_invalid`, `limit_invalid`, `time_invalid`, `protocol_table_unknown`,
 * `protocol_unknown_field`.
 */
export function readDownloadQuery(query: URLSearchParams, tables: TableRegistry): DownloadQuery {
  const wanted: string[] = [];
  let namesTables = false;
  for (const [name, value] of query) {
    if (TABLES_PARAMETER.test(name)) {
      namesTables = true;
      wanted.push(...value.split(',').map((part) => part.trim()));
    } else {
      checkSingle(query, name);
    }
  }
  const cursor = query.get('cursor');
  const limit = query.get('limit');
  const time = query.get('last_synced_at');
  return {
    ...(cursor === null ? {} : { cursor: readCursor(cursor) }),
    ...(limit === null ? {} : { limit: readLimit(limit) }),
    ...(time === null ? {} : { lastSyncedAt: readTime(time, 'last_synced_at') }),
    ...(namesTables ? { tables: readTables(wanted, tables) } : {}),
  };
}

function checkSingle(query: URLSearchParams, name: string): void {
  const code = SINGLE_PARAMETERS.get(name);
  if (code === undefined) {
    throw new SyncError(
      'protocol_unknown_field',
      `download does not know the parameter "${name.slice(0, 64)}"; it takes last_synced_at, tables, cursor and limit`,
    );
  }
  if (query.getAll(name).length > 1) throw new SyncError(code, `${name} is given more than once`);
}

function readCursor(text: string): string {
  if (text !== '' && text.length <= MAX_CURSOR_LENGTH) return text;
  throw new SyncError(
    'cursor_invalid',
    text === ''
      ? 'the cursor is empty'
      : `the cursor is longer than ${MAX_CURSOR_LENGTH} characters`,
  );
}

function readLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_RECORDS) return limit;
  throw new SyncError(
    'limit_invalid',
    `the limit must be a whole number from 1 to ${MAX_RECORDS}`,
    {
      details: { limit: MAX_RECORDS },
    },
  );
}

function readTables(names: readonly string[], tables: TableRegistry): readonly string[] {
  const unknown = names.find((name) => !tables.byName.has(name));
  if (unknown === undefined) return [...new Set(names)];
  throw new SyncError(
    'protocol_table_unknown',
    `the table "${unknown.slice(0, 64)}" is not synced; there are ${[...tables.byName.keys()].join(', ')}`,
  );
}
