import type { Row, TableDefinition } from './table-definition.ts';

/** Order-independent digest of a table in the making (rule VER1). */
export interface TableDigest {
  readonly rows: number;
  readonly sum: bigint;
}

const MODULUS = 2n ** 64n;

/** The digest of no rows. */
export const emptyDigest: TableDigest = { rows: 0, sum: 0n };

/** The text whose hash stands for a row: canonical values in declared column order. */
export function rowDigestText(table: TableDefinition, row: Row): string {
  return JSON.stringify(table.columns.map((column) => row[column.name] ?? null));
}

/** Adds one row. @param hashHex hex SHA-256 of {@link rowDigestText}. */
export function addToDigest(digest: TableDigest, hashHex: string): TableDigest {
  return {
    rows: digest.rows + 1,
    sum: (digest.sum + BigInt(`0x${hashHex.slice(0, 16)}`)) % MODULUS,
  };
}

/** The digest as 16 hexadecimal digits. */
export function digestText(digest: TableDigest): string {
  return digest.sum.toString(16).padStart(16, '0');
}
