import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { logLineText, parseLogLine } from './log-text.ts';
import { followLines, readLastLines } from './read-log.ts';

const linesFrom = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');

describe('reading the log', () => {
  it('gives the newest lines, oldest first', async () => {
    const path = join(makeTempDir(), 'sync.log');
    await writeFile(path, linesFrom(1, 100));
    expect((await readLastLines(path, 3)).lines).toEqual(['line 98', 'line 99', 'line 100']);
    expect((await readLastLines(path, 0)).lines).toEqual([]);
  });

  it('goes back into older files, and leaves out a line that is not complete', async () => {
    const folder = makeTempDir();
    await writeFile(join(folder, 'sync.1.log'), linesFrom(1, 3));
    await writeFile(join(folder, 'sync.log'), `${linesFrom(4, 5)}line`);
    expect((await readLastLines(join(folder, 'sync.log'), 4)).lines).toEqual([
      'line 2',
      'line 3',
      'line 4',
      'line 5',
    ]);
  });

  it('gives nothing where there is no log', async () => {
    expect(await readLastLines(join(makeTempDir(), 'sync.log'), 5)).toEqual({
      lines: [],
      end: null,
    });
  });

  it('follows new lines through a turn-over of the file', async () => {
    const path = join(makeTempDir(), 'sync.log');
    await writeFile(path, linesFrom(1, 2));
    const { end } = await readLastLines(path, 1);
    const controller = new AbortController();
    const seen: string[] = [];
    const steps: (() => Promise<void>)[] = [
      async () => {
        await rename(path, `${path}.old`);
        await writeFile(path, linesFrom(4, 4));
      },
      () => Promise.resolve(controller.abort()),
    ];
    await appendFile(path, linesFrom(3, 3));
    await followLines(
      path,
      end,
      (lines) => {
        seen.push(...lines);
        void steps.shift()?.();
      },
      controller.signal,
    );
    expect(seen).toEqual(['line 3', 'line 4']);
  });
});

describe('a log line', () => {
  it('is shown as time, level, message and fields', () => {
    const line =
      '{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"sync cycle ended","pid":7,"uploaded":3,"code":"x"}';
    expect(logLineText(line)).toBe(
      '2026-01-01T00:00:00.000Z info  sync cycle ended uploaded=3 code=x',
    );
  });

  it('P17 cannot act on the terminal, and needs not be JSON', () => {
    expect(logLineText('plain \u001b]0;title\u0007')).toBe('plain \\x1b]0;title\\x07');
    expect(parseLogLine('[1]')).toEqual({ message: '[1]' });
  });
});
