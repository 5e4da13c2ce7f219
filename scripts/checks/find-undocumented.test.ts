import { describe, expect, it } from 'vitest';
import { findUndocumented } from './find-undocumented.ts';

const names = (source: string, members = false): readonly string[] =>
  findUndocumented('x.ts', source, { members }).map(({ line, name }) => `${line} ${name}`);

describe('findUndocumented', () => {
  it('names every export without a doc comment, with its line', () => {
    const source = [
      'export function one(): void {}',
      'export const two = 1;',
      'export interface Three {}',
      'export type Four = 1;',
      'export class Five {}',
    ].join('\n');
    expect(names(source)).toEqual(['1 one', '2 two', '3 Three', '4 Four', '5 Five']);
  });

  it('accepts doc comments, and asks for none on what is not exported', () => {
    expect(names('/** Says so. */\nexport const one = 1;\nconst two = 2;')).toEqual([]);
  });

  it('does not take an ordinary comment for a doc comment', () => {
    expect(names('// Says so.\nexport const one = 1;')).toEqual(['2 one']);
  });

  it('asks for a comment on each method of a port, not on its data', () => {
    const port =
      '/** P. */\nexport interface Port {\n  read(): void;\n  readonly write: () => void;\n  readonly size: number;\n}';
    expect(names(port, true)).toEqual(['3 Port.read', '4 Port.write']);
    expect(names(port)).toEqual([]);
  });
});
