import type { PolicyName } from './conflict-policies/policy-name.ts';

/** A value as it travels: integers beyond 2^53, decimals, blobs (base64) and times (ISO, Z) are strings. */
export type WireValue = string | number | boolean | null;

/** A whole or partial record: column name to wire value. */
export type Row = Readonly<Record<string, WireValue>>;

/** The closed list of column types (design 2.1). */
export type ColumnType =
  | { readonly kind: 'text'; readonly maxLength?: number }
  | { readonly kind: 'integer' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'json' }
  | { readonly kind: 'blob' };

/** What may be said of a column beside its type. */
export interface ColumnOptions {
  /** SQL NULL is allowed; default false. */
  readonly nullable?: boolean;
  /** No two rows have the same value. */
  readonly unique?: boolean;
  /** Name of the table whose `id` this column holds. */
  readonly references?: string;
  /** Changes add up instead of replacing each other (integers and decimals). */
  readonly counter?: boolean;
  /** How a conflict in this column is settled; default: the table's policy. */
  readonly policy?: PolicyName;
  /** Value of a new row that leaves the column out; of a timestamp, `now` is the time of writing. */
  readonly default?: WireValue;
}

/** One declared column. */
export interface ColumnDefinition extends ColumnOptions {
  readonly name: string;
  readonly type: ColumnType;
}

/** How a table syncs. */
export interface TableSync {
  /** `both` ways, only `up` to the master, or only `down` to the slaves; default `both`. */
  readonly direction?: 'both' | 'up' | 'down';
  /** Conflict policy of columns that name none; default `latest`. */
  readonly conflictPolicy?: PolicyName;
  /** Rows are only ever added: updates and deletes are rejected. */
  readonly appendOnly?: boolean;
  /** Whether conflicts of this table are recorded; default true. */
  readonly recordConflicts?: boolean;
}

/** One synced table, declared once: models, migrations, capture, wire validation and screens derive from it. */
export interface TableDefinition {
  readonly name: string;
  /** In declared order; the first is always the text key `id`. */
  readonly columns: readonly ColumnDefinition[];
  readonly columnByName: ReadonlyMap<string, ColumnDefinition>;
  /** Unique keys over several columns. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly sync: Required<TableSync>;
  /** The product's own tables, hidden from plain clients unless they name them. */
  readonly internal: boolean;
}

/** What {@link defineTable} takes. */
export interface TableDeclaration {
  readonly name: string;
  readonly columns: Readonly<Record<string, { readonly type: ColumnType } & ColumnOptions>>;
  readonly uniqueKeys?: readonly (readonly string[])[];
  readonly sync?: TableSync;
  readonly internal?: boolean;
}

/** Longest `id` and longest table or column name, in characters. */
export const MAX_KEY_LENGTH = 64;

/** Most digits of a decimal; far more than the 8-byte floats of a slave's SQLite keep apart. */
const MAX_PRECISION = 100;

const SYNC_DEFAULTS: Required<TableSync> = {
  direction: 'both',
  conflictPolicy: 'latest',
  appendOnly: false,
  recordConflicts: true,
};

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const RESERVED = new Set(['constructor', 'prototype', 'hasownproperty', 'tostring']);

/** The text key that every table has as its first column. */
export const key = (): { readonly type: ColumnType } & ColumnOptions => ({
  type: { kind: 'text', maxLength: MAX_KEY_LENGTH },
});
/** Unicode text. */
export const text = (options: ColumnOptions & { readonly maxLength?: number } = {}) => {
  const { maxLength, ...rest } = options;
  const type: ColumnType = maxLength === undefined ? { kind: 'text' } : { kind: 'text', maxLength };
  return { type, ...rest };
};
/** 64-bit signed integer. */
export const integer = (options: ColumnOptions = {}) => ({
  type: { kind: 'integer' } as ColumnType,
  ...options,
});
/** Exact decimal with `precision` digits, `scale` of them after the point. */
export const decimal = (precision: number, scale: number, options: ColumnOptions = {}) => ({
  type: { kind: 'decimal', precision, scale } as ColumnType,
  ...options,
});
/** True or false. */
export const boolean = (options: ColumnOptions = {}) => ({
  type: { kind: 'boolean' } as ColumnType,
  ...options,
});
/** A UTC time with millisecond precision. */
export const timestamp = (options: ColumnOptions = {}) => ({
  type: { kind: 'timestamp' } as ColumnType,
  ...options,
});
/** JSON, kept as the exact text that was written. */
export const json = (options: ColumnOptions = {}) => ({
  type: { kind: 'json' } as ColumnType,
  ...options,
});
/** Bytes. */
export const blob = (options: ColumnOptions = {}) => ({
  type: { kind: 'blob' } as ColumnType,
  ...options,
});

/**
 * Declares a synced table. Faults of a declaration are found here, when the program starts.
 *
 * @throws Error naming table and column when the declaration cannot work.
 */
export function defineTable(declaration: TableDeclaration): TableDefinition {
  const { name, uniqueKeys = [], sync = {}, internal = false } = declaration;
  const columns = Object.entries(declaration.columns).map(([columnName, column]) => ({
    name: columnName,
    ...column,
  }));
  const fault = declarationFault({ name, internal, uniqueKeys }, columns);
  if (fault !== undefined) throw new Error(`table ${name}: ${fault}`);
  return {
    name,
    columns,
    columnByName: new Map(columns.map((column) => [column.name, column])),
    uniqueKeys,
    sync: { ...SYNC_DEFAULTS, ...sync },
    internal,
  };
}

/** The policy that settles conflicts of one column. */
export function policyOf(table: TableDefinition, column: ColumnDefinition): PolicyName {
  return column.policy ?? (column.counter ? 'counter' : table.sync.conflictPolicy);
}

function declarationFault(
  table: Pick<TableDefinition, 'name' | 'internal' | 'uniqueKeys'>,
  columns: readonly ColumnDefinition[],
): string | undefined {
  if (!NAME.test(table.name)) return 'the name must be lower snake case';
  if (table.name.startsWith('sync_') && !table.internal) {
    return "names that begin with sync_ are the product's own";
  }
  const [first, ...others] = columns;
  if (first === undefined || !isKeyColumn(first)) return 'the first column must be `id: key()`';
  for (const column of others) {
    const fault = columnFault(column);
    if (fault !== undefined) return `column ${column.name}: ${fault}`;
  }
  const stray = table.uniqueKeys.flat().find((name) => !columns.some((own) => own.name === name));
  return stray === undefined ? undefined : `unique key names unknown column ${stray}`;
}

function columnFault(column: ColumnDefinition): string | undefined {
  if (column.references !== undefined && column.type.kind !== 'text') {
    return 'a reference holds an id, so it must be text';
  }
  return nameFault(column) ?? counterFault(column) ?? decimalFault(column);
}

function isKeyColumn({ name, type, nullable = false }: ColumnDefinition): boolean {
  return name === 'id' && type.kind === 'text' && !nullable;
}

function nameFault({ name }: ColumnDefinition): string | undefined {
  return NAME.test(name) && !RESERVED.has(name) ? undefined : 'the name must be lower snake case';
}

function counterFault({ type, counter, policy, nullable }: ColumnDefinition): string | undefined {
  if (counter !== true) {
    return policy === 'counter' ? 'the policy counter needs `counter: true`' : undefined;
  }
  if (type.kind !== 'integer' && type.kind !== 'decimal') return 'only numbers can be counters';
  return nullable === true ? 'a counter cannot be nullable' : undefined;
}

function decimalFault({ type }: ColumnDefinition): string | undefined {
  if (type.kind !== 'decimal') return undefined;
  const { precision, scale } = type;
  const areWhole = Number.isInteger(precision) && Number.isInteger(scale);
  return areWhole && scale >= 0 && precision >= Math.max(scale, 1) && precision <= MAX_PRECISION
    ? undefined
    : `decimal(${precision}, ${scale}) needs 0 <= scale <= precision <= ${MAX_PRECISION}`;
}
