import { safeJson } from '../../common/core/safe-json.ts';

/** Standard output of a command: lines for people, or with `--json` one JSON document and nothing else. */
export interface CommandOutput {
  readonly isJson: boolean;
  /** The command's one result. `lines` is asked only when people read. */
  result(json: unknown, lines: () => readonly string[]): void;
}

/** Writes to a stream; text from outside must have gone through `tableText` or `safeText`. */
export function createOutput(
  stream: Pick<NodeJS.WritableStream, 'write'>,
  isJson: boolean,
): CommandOutput {
  return {
    isJson,
    result: (json, lines) => {
      const text = isJson ? safeJson(json) : lines().join('\n');
      stream.write(`${text}\n`);
    },
  };
}
