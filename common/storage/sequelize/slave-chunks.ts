import type { Row, TableDefinition } from '../../core/table-definition.ts';

/** Most rows and, roughly, most characters that one statement takes. */
const MAX_ROWS = 5000;
const MAX_CHARACTERS = 2 * 1024 * 1024;

/** What a value takes beside its own characters: quotes, comma, or a number's digits. */
const VALUE_OVERHEAD = 8;

/** Cuts rows into parts that one statement takes, in order. */
export function chunksOfRows(
  table: TableDefinition,
  rows: readonly Row[],
): readonly (readonly Row[])[] {
  const chunks: Row[][] = [];
  let chunk: Row[] = [];
  let characters = 0;
  for (const row of rows) {
    const size = sizeOf(table, row);
    const isFull = chunk.length >= MAX_ROWS || characters + size > MAX_CHARACTERS;
    if (isFull && chunk.length > 0) {
      chunks.push(chunk);
      chunk = [];
      characters = 0;
    }
    chunk.push(row);
    characters += size;
  }
  return chunk.length > 0 ? [...chunks, chunk] : chunks;
}

/** Cuts ids into parts that one statement takes, in order. */
export function chunksOfIds(ids: readonly string[]): readonly (readonly string[])[] {
  const chunks: (readonly string[])[] = [];
  for (let from = 0; from < ids.length; from += MAX_ROWS) {
    chunks.push(ids.slice(from, from + MAX_ROWS));
  }
  return chunks;
}

function sizeOf(table: TableDefinition, row: Row): number {
  let size = 0;
  for (const { name } of table.columns) {
    const value = row[name];
    size += VALUE_OVERHEAD + (typeof value === 'string' ? value.length : 0);
  }
  return size;
}
