import { displayWidth, safeText } from '../../common/core/safe-text.ts';

/** Standard output of a command: lines for people, or with `--json` one JSON document and nothing else. */
export interface CommandOutput {
  readonly isJson: boolean;
  /** The command's one result. `lines` is asked only when people read. */
  result(json: unknown, lines: () => readonly string[]): void;
}

/** Writes to a stream; text from outside must have gone through {@link tableLines} or `safeText`. */
export function createOutput(
  stream: Pick<NodeJS.WritableStream, 'write'>,
  isJson: boolean,
): CommandOutput {
  return {
    isJson,
    result: (json, lines) => {
      const text = isJson ? JSON.stringify(json) : lines().join('\n');
      stream.write(`${text}\n`);
    },
  };
}

/** A table for people: a heading line and one line a row, columns as wide as their widest cell, at most 60. */
export function tableLines(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const cells = [heading, ...rows].map((row) => row.map((cell) => safeText(cell, 60)));
  const widths = heading.map((_, at) =>
    Math.max(...cells.map((row) => displayWidth(row[at] ?? ''))),
  );
  return cells.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat(Math.max((widths[at] ?? 0) - displayWidth(cell), 0)))
      .join('  ')
      .trimEnd(),
  );
}
