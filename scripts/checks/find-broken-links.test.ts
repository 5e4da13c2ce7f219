import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { findBrokenLinks } from './find-broken-links.ts';

function broken(page: string): readonly string[] {
  const directory = makeTempDir();
  writeFileSync(join(directory, 'other.md'), '# A title, with `code`\n\n## Twice\n\n## Twice\n');
  writeFileSync(join(directory, 'page.md'), page);
  return findBrokenLinks(join(directory, 'page.md')).map(
    ({ target, reason }) => `${target}: ${reason}`,
  );
}

describe('findBrokenLinks', () => {
  it('finds links to files and headings that do not exist', () => {
    expect(broken('[a](nowhere.md) [b](other.md#missing) ![c](picture.png) [d](#here)')).toEqual([
      'nowhere.md: no such file',
      'other.md#missing: no such heading',
      'picture.png: no such file',
      '#here: no such heading',
    ]);
  });

  it('accepts files, folders, headings, repeated headings and web addresses', () => {
    const page =
      '# Here\n[a](other.md) [b](other.md#a-title-with-code) [c](other.md#twice-1) [d](#here) [e](.) [f](https://example.org/x)';
    expect(broken(page)).toEqual([]);
  });

  it('does not look into code', () => {
    expect(broken('`[a](nowhere.md)`\n\n```\n[b](nowhere.md)\n```\n')).toEqual([]);
  });
});
