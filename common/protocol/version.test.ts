import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { PROTOCOL_VERSION } from './version.ts';

/** Digest of this folder for each version that was ever spoken. Add a line; never change one that was released. */
const pinned: Readonly<Record<number, string>> = {
  1: 'f31ba76e5f39200328fbfa839369b599',
};

/** What formatting may add and remove. */
const punctuation = new Set([
  ts.SyntaxKind.CommaToken,
  ts.SyntaxKind.SemicolonToken,
  ts.SyntaxKind.OpenParenToken,
  ts.SyntaxKind.CloseParenToken,
]);

/** The words of a source, without comments, white space and what formatting changes. */
function wordsOf(source: string): readonly string[] {
  const scanner = ts.createScanner(
    ts.ScriptTarget.Latest,
    true,
    ts.LanguageVariant.Standard,
    source,
  );
  const words: string[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const isText = kind === ts.SyntaxKind.StringLiteral;
    if (!punctuation.has(kind))
      words.push(isText ? `'${scanner.getTokenValue()}'` : scanner.getTokenText());
  }
  return words;
}

it('WIRE1 the shape of the wire is pinned to its version', () => {
  const files = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .toSorted();
  const words = files.map((name) => [
    name,
    ...wordsOf(readFileSync(join(import.meta.dirname, name), 'utf8')),
  ]);
  const digest = createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);
  expect(
    digest,
    `the wire has changed: if master and slave no longer understand the former version, raise PROTOCOL_VERSION; pin ${digest} to the version`,
  ).toBe(pinned[PROTOCOL_VERSION]);
});

it('WIRE1 comments and layout are not the wire', () => {
  expect(wordsOf('/** doc */ f(a, "b",)\n;')).toEqual(wordsOf("f(a, 'b')"));
  expect(wordsOf("f(a, 'b')")).not.toEqual(wordsOf("f(a, 'c')"));
});
