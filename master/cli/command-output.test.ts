import { describe, expect, test } from 'vitest';
import { createOutput } from './command-output.ts';

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
});
