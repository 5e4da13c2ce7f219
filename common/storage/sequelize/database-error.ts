import type { ErrorCode } from '../../core/error-codes.ts';
import { SyncError } from '../../core/sync-error.ts';

/** What a driver's error means, as far as we act on it. */
export type DatabaseFault =
  | { readonly kind: 'retry' }
  | { readonly kind: 'row'; readonly code: ErrorCode; readonly detail: string }
  | { readonly kind: 'whole'; readonly code: ErrorCode };

/** Thrown inside a transaction to have it rolled back and started over. */
export class RetryTransaction extends Error {}

interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly constraint?: unknown;
  readonly column?: unknown;
  readonly table?: unknown;
}

/** SQLite reports which rule was broken in its fixed message texts only. */
const SQLITE_CONSTRAINTS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/UNIQUE constraint failed: ([\w., ]+)/, 'row_unique'],
  [/NOT NULL constraint failed: ([\w.]+)/, 'row_not_null'],
  [/FOREIGN KEY constraint failed/, 'row_foreign_key'],
  [/CHECK constraint failed: (.{0,80})/, 'row_constraint'],
];

const POSTGRES_ROW_CODES: Readonly<Record<string, ErrorCode>> = {
  '23505': 'row_unique',
  '23503': 'row_foreign_key',
  '23502': 'row_not_null',
  '23514': 'row_constraint',
  '23P01': 'row_constraint',
  '22003': 'value_out_of_range',
  '22001': 'value_too_long',
  '22P02': 'value_type',
  '22007': 'date_invalid',
  '22008': 'date_invalid',
  '22021': 'text_nul',
  '22P05': 'text_nul',
  P0001: 'row_constraint',
};

const SQLITE_WHOLE_CODES: Readonly<Record<string, ErrorCode>> = {
  SQLITE_FULL: 'storage_full',
  SQLITE_IOERR: 'storage_unavailable',
  SQLITE_CORRUPT: 'storage_corrupt',
  SQLITE_NOTADB: 'storage_corrupt',
  SQLITE_CANTOPEN: 'storage_unavailable',
  SQLITE_READONLY: 'storage_unwritable',
};

/** SQLite has one code for all errors of a statement itself. */
const NO_SUCH = /no such (?:table|column): /;

const RETRY_CODES = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', '40001', '40P01']);

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE']);

/** The driver's own error inside what Sequelize throws. */
export function driverErrorOf(thrown: unknown): DriverError {
  if (typeof thrown !== 'object' || thrown === null) return {};
  const wrapped = thrown as { readonly original?: unknown; readonly parent?: unknown };
  const inner = wrapped.original ?? wrapped.parent;
  return typeof inner === 'object' && inner !== null ? inner : thrown;
}

/** Tells what a failed statement or transaction means; undefined when it is no database error that we know. */
export function classifyDatabaseError(thrown: unknown): DatabaseFault | undefined {
  if (thrown instanceof RetryTransaction) return { kind: 'retry' };
  const error = driverErrorOf(thrown);
  const code = typeof error.code === 'string' ? error.code : '';
  if (RETRY_CODES.has(code)) return { kind: 'retry' };
  return rowFault(code, error) ?? wholeFault(code, thrown);
}

/** Turns what a transaction threw into a SyncError; errors that are none of the database's pass through. */
export function toStorageError(thrown: unknown): unknown {
  if (thrown instanceof SyncError) return thrown;
  const fault = classifyDatabaseError(thrown);
  const message = String(driverErrorOf(thrown).message ?? thrown).slice(0, 300);
  if (fault === undefined) return thrown;
  if (fault.kind === 'retry') {
    return new SyncError('storage_busy', `the database is busy: ${message}`, {
      cause: thrown,
      retryAfterMs: 2000,
    });
  }
  return new SyncError(fault.code, `the database refused: ${message}`, { cause: thrown });
}

function rowFault(code: string, error: DriverError): DatabaseFault | undefined {
  if (code === 'SQLITE_CONSTRAINT') return sqliteConstraint(String(error.message));
  if (code === 'SQLITE_MISMATCH') return { kind: 'row', code: 'value_type', detail: 'wrong type' };
  if (code === 'SQLITE_TOOBIG') return { kind: 'row', code: 'row_too_large', detail: 'too large' };
  const rowCode = POSTGRES_ROW_CODES[code];
  return rowCode && { kind: 'row', code: rowCode, detail: postgresDetail(error) };
}

function wholeFault(code: string, thrown: unknown): DatabaseFault | undefined {
  if (code === 'SQLITE_ERROR' && NO_SUCH.test(String(driverErrorOf(thrown).message))) {
    return { kind: 'whole', code: 'schema_mismatch' };
  }
  const wholeCode = SQLITE_WHOLE_CODES[code] ?? postgresWholeCode(code);
  if (wholeCode !== undefined) return { kind: 'whole', code: wholeCode };
  return isConnectionTrouble(thrown, code)
    ? { kind: 'whole', code: 'storage_unavailable' }
    : undefined;
}

function sqliteConstraint(message: string): DatabaseFault {
  for (const [pattern, code] of SQLITE_CONSTRAINTS) {
    const match = pattern.exec(message);
    if (match) return { kind: 'row', code, detail: match[1] ?? 'foreign key' };
  }
  return {
    kind: 'row',
    code: 'row_constraint',
    detail: message.replace('SQLITE_CONSTRAINT: ', '').slice(0, 120),
  };
}

function postgresDetail(error: DriverError): string {
  const place = [error.table, error.column, error.constraint].filter(
    (part) => typeof part === 'string',
  );
  return place.length > 0 ? place.join('.') : String(error.message).slice(0, 80);
}

function postgresWholeCode(code: string): ErrorCode | undefined {
  if (code === '53100') return 'storage_full';
  if (code === '55P03' || code === '57014' || code === '53300') return 'storage_busy';
  if (code === '42P01' || code === '42703') return 'storage_not_migrated';
  return code.startsWith('08') || code.startsWith('57P') ? 'storage_unavailable' : undefined;
}

function isConnectionTrouble(thrown: unknown, code: string): boolean {
  if (CONNECTION_CODES.has(code)) return true;
  return thrown instanceof Error && thrown.name.startsWith('SequelizeConnection');
}
