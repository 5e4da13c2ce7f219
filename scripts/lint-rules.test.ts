import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTempDir } from '../common/testkit/temp-dir.ts';

const ROOT = join(import.meta.dirname, '..');

/** File, content that breaks one rule of the style guide, and the rule that must find it. */
const PLANTED: readonly (readonly [string, string, string])[] = [
  ['common/core/wall-clock.ts', 'export const now = () => Date.now();', 'no-restricted-globals'],
  ['common/core/chance.ts', 'export const roll = () => Math.random();', 'no-restricted-properties'],
  ['common/core/hash.ts', "export { createHash } from 'node:crypto';", 'no-restricted-imports'],
  [
    'common/faked.test.ts',
    "import { vi } from 'vitest';\nvi.mock('./x.ts');",
    'no-restricted-vi-methods',
  ],
  [
    'common/focused.test.ts',
    "import { it } from 'vitest';\nit.only('a', () => undefined);",
    'no-focused-tests',
  ],
  ['master/whole.ts', 'export default 1;', 'no-default-export'],
  ['master/barrel.ts', "export * from './whole.ts';", 'no-barrel-file'],
  ['master/ring-a.ts', "import { b } from './ring-b.ts';\nexport const a = () => b;", 'no-cycle'],
  ['master/ring-b.ts', "import { a } from './ring-a.ts';\nexport const b = () => a;", 'no-cycle'],
  ['master/CamelName.ts', 'export const one = 1;', 'filename-case'],
  ['master/any.ts', 'export const f = (x: any): string => String(x);', 'no-explicit-any'],
  ['master/bang.ts', 'export const f = (x?: string): string => x!;', 'no-non-null-assertion'],
  [
    'master/unsafe.ts',
    "export const f = (): string => JSON.parse('1').a;",
    'no-unsafe-member-access',
  ],
  [
    'master/floating.ts',
    'export const f = (): void => {\n  Promise.resolve(1);\n};',
    'no-floating-promises',
  ],
  [
    'master/closed-set.ts',
    "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      return;\n  }\n}",
    'switch-exhaustiveness-check',
  ],
  [
    'master/many.ts',
    'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;',
    'max-params',
  ],
  ['master/long.ts', 'export const n = 1;\n'.repeat(1) + 'void 0;\n'.repeat(301), 'max-lines'],
  [
    'master/long-function.ts',
    `export function f(): void {\n${'  void 0;\n'.repeat(51)}}`,
    'max-lines-per-function',
  ],
  [
    'master/branches.ts',
    `export function f(x: number): number {\n${Array.from({ length: 10 }, (_, n) => `  if (x === ${n}) return ${n};`).join('\n')}\n  return x;\n}`,
    'complexity',
  ],
  ['master/shouting.ts', "export const f = (): void => console.log('x');", 'no-console'],
  [
    'master/bare-param.ts',
    '/**\n * Doubles.\n *\n * @param x\n */\nexport const f = (x: number): number => x * 2;',
    'require-param-description',
  ],
];

let found: ReadonlySet<string>;

beforeAll(() => {
  const directory = makeTempDir();
  for (const [path, content] of PLANTED) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, file), join(directory, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  found = lint(directory);
});

/** Lints a tree with the project's rules. @returns `path rule` of each finding. */
function lint(directory: string): ReadonlySet<string> {
  const program = join(ROOT, 'node_modules/.bin/oxlint');
  // Folders are named, since oxlint would follow the link to node_modules.
  const args = [program, '--format=unix', 'common', 'master'];
  const { stdout } = spawnSync(process.execPath, args, {
    cwd: directory,
    encoding: 'utf8',
    timeout: 30_000,
  });
  const lines = stdout.matchAll(/^(?:\.\/)?([^:\n]+):\d+:\d+: .*\[\w+\/[\w-]+\(([\w-]+)\)\]$/gm);
  return new Set([...lines].map(([, path, rule]) => `${path} ${rule}`));
}

describe('the lint rules', () => {
  it.each(PLANTED)('find what is wrong with %s', (path, _content, rule) => {
    expect([...found]).toContain(`${path} ${rule}`);
  });
});
