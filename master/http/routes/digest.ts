import { SyncError } from '../../../common/core/sync-error.ts';
import { MAX_KEY_LENGTH } from '../../../common/core/table-definition.ts';
import type { SyncRoute } from './route.ts';

/** `GET digest`: one digest a table, to compare without sending rows (rule VER1). */
export const digestRoute: SyncRoute = {
  method: 'GET',
  path: '/digest',
  needsExchange: true,
  answer: async ({ query, useCases }) => {
    readOnce(query, []);
    return { kind: 'json', value: await useCases.serveDigest() };
  },
};

/** `GET digest/rows?table=&after=`: digests of single rows, in key order after `after`. */
export const digestRowsRoute: SyncRoute = {
  method: 'GET',
  path: '/digest/rows',
  needsExchange: true,
  answer: async ({ query, tables, useCases }) => {
    const { table, after } = readOnce(query, ['table', 'after']);
    if (table === undefined || !tables.byName.has(table)) {
      throw new SyncError(
        'protocol_table_unknown',
        `the parameter table must be one of ${[...tables.byName.keys()].join(', ')}`,
      );
    }
    // Characters beyond the BMP count as two units.
    if (after !== undefined && after.length > 2 * MAX_KEY_LENGTH) {
      throw new SyncError('cursor_invalid', `after is longer than ${MAX_KEY_LENGTH} characters`);
    }
    return { kind: 'json', value: await useCases.serveDigestRows(table, after ?? null) };
  },
};

/** Parameters by name, each given at most once and known. */
function readOnce(
  query: URLSearchParams,
  known: readonly string[],
): Readonly<Record<string, string>> {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw new SyncError(
        'protocol_unknown_field',
        `the parameter "${name.slice(0, 64)}" is not known here`,
      );
    }
    if (query.getAll(name).length > 1) {
      throw new SyncError('protocol_invalid_request', `${name} is given more than once`);
    }
  }
  return Object.fromEntries(query);
}
