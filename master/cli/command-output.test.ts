import { describe, expect, test } from 'vitest';
import { createOutput, tableLines } from './command-output.ts';

function written(isJson: boolean): string {
  let text = '';
  const stream = {
    write: (part: string | Uint8Array) => {
      text += String(part);
      return true;
    },
  };
  createOutput(stream, isJson).result({ rows: [1] }, () => ['one', 'two']);
  return text;
}

describe('command output', () => {
  test('is lines for people or one JSON document', () => {
    expect(written(false)).toBe('one\ntwo\n');
    expect(written(true)).toBe('{"rows":[1]}\n');
  });

  test('a table lines up, also with wide characters', () => {
    expect(
      tableLines(
        ['NAME', 'AT'],
        [
          ['倉庫', '1'],
          ['x', '22'],
        ],
      ),
    ).toEqual(['NAME  AT', '倉庫  1', 'x     22']);
  });

  test('B90 what acts on a terminal is shown as text', () => {
    const [, row] = tableLines(['NAME'], [['\u001b]52;c;x\u0007\u202e\n']]);
    expect(row).toBe('\\x1b]52;c;x\\x07\\u202e\\n');
  });
});
