import { displayWidth, safeText } from '../core/safe-text.ts';

/** Widest cell that is not cut. */
const MAX_CELL_WIDTH = 60;

/**
 * Draws rows under headings, columns in line. Cells may hold text from elsewhere; it is made safe here.
 * Columns whose heading ends in `#` stand to the right.
 */
export function tableText(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const cells = rows.map((row) => row.map((cell) => safeText(cell, MAX_CELL_WIDTH)));
  const names = headings.map((heading) => heading.replace(/#$/, ''));
  const widths = names.map((name, column) =>
    Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[column] ?? ''))),
  );
  return [names, ...cells].map((row) =>
    row
      .map((cell, column) =>
        padded(cell, widths[column] ?? 0, headings[column]?.endsWith('#') === true),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** Draws names and values, one pair a line. Values may hold text from elsewhere; they are made safe and are not cut. */
export function pairsText(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${safeText(value)}`.trimEnd());
}

/** A number with its noun: `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function padded(cell: string, width: number, toTheRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return toTheRight ? `${space}${cell}` : `${cell}${space}`;
}
