import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTempDir } from './temp-dir.ts';

const seen: string[] = [];
let outsideTests: string;

beforeAll(() => {
  outsideTests = makeTempDir();
});

describe('makeTempDir', () => {
  it('makes a new, empty directory at each call', () => {
    const one = makeTempDir();
    const other = makeTempDir();
    seen.push(one, other);
    expect(one).not.toBe(other);
    expect(isAbsolute(one)).toBe(true);
    expect(readdirSync(one)).toEqual([]);
    writeFileSync(join(one, 'file'), 'content');
  });

  it('removes it with its content when its test has ended', () => {
    expect(seen).toHaveLength(2);
    expect(seen.filter((path) => existsSync(path))).toEqual([]);
  });

  it('keeps one that was made before all tests', () => {
    expect(existsSync(outsideTests)).toBe(true);
  });
});
