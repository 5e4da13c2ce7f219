import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTempDir } from '../common/testkit/temp-dir.ts';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = ['common', 'master', 'slave', 'scripts', 'test'];

type Files = Readonly<Record<string, string>>;

/** A tree that keeps all rules; planted files each break one. */
const CLEAN: Files = {
  'common/core/clock.ts': 'export interface Clock { nowMs(): number }',
  'common/protocol/upload.ts': "import { z } from 'zod';\nexport const upload = z.object({});",
  'common/storage/slave-store.ts':
    "import type { Clock } from '../core/clock.ts';\nexport type Store = Clock;",
  'common/testkit/fake-clock.ts': "export { type Clock } from '../core/clock.ts';",
  'master/sync/accept.ts':
    "import type { Clock } from '../../common/core/clock.ts';\nexport type A = Clock;",
  'master/http/app.ts': "import Koa from 'koa';\nexport const app = () => new Koa();",
  'slave/transport/master-client.ts': 'export type MasterClient = object;',
  'slave/sync/cycle.ts':
    "import type { MasterClient } from '../transport/master-client.ts';\nexport type C = MasterClient;",
  'slave/sync/cycle.test.ts': "import '../../common/testkit/fake-clock.ts';\nimport 'node:fs';",
  'slave/compose.ts': "import './sync/cycle.ts';\nimport 'axios';\nimport 'node:fs';",
  'scripts/demo/main.ts': "import '../../common/testkit/fake-clock.ts';",
  'test/story.test.ts': "import '../slave/compose.ts';\nimport '../master/http/app.ts';",
};

/** Runs dependency-cruiser with the project's rules over a made-up tree. @returns its findings, '' for none. */
function cruise(added: Files): Promise<string> {
  const directory = makeTempDir();
  for (const [path, content] of Object.entries({ ...CLEAN, ...added })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, file), join(directory, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const program = join(ROOT, 'node_modules/.bin/depcruise');
  const args = [program, '--config', '.dependency-cruiser.mjs', ...ROOMS];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: directory }, (error, stdout) => {
      resolve(error === null ? '' : stdout);
    });
  });
}

/** What is planted, where, the import that breaks a rule, and a part of the rule's name. */
const PLANTED: readonly (readonly [string, string, string, string])[] = [
  ['a room that core does not know', 'common/core/a.ts', '../protocol/upload.ts', 'common/core/'],
  ['node modules in core', 'common/core/b.ts', 'node:crypto', 'common/core/'],
  ['packages in core', 'common/core/c.ts', 'zod', 'common/core/'],
  ['packages beside zod in the protocol', 'common/protocol/a.ts', 'axios', 'common/protocol/'],
  ['the protocol in a port', 'common/storage/a.ts', '../protocol/upload.ts', 'common/storage/'],
  ['node:crypto in a use case', 'slave/sync/a.ts', 'node:crypto', 'slave/sync/'],
  ['an adapter in a use case', 'master/sync/a.ts', '../http/app.ts', 'master/sync/'],
  ['axios outside the transport', 'slave/sync/b.ts', 'axios', 'slave/sync/'],
  ['the master in the slave', 'slave/a.ts', '../master/sync/accept.ts', 'slave-knows-no-master'],
  ['the slave in the master', 'master/a.ts', '../slave/sync/cycle.ts', 'master-knows-no-slave'],
  [
    'a program in common',
    'common/runtime/a.ts',
    '../../slave/compose.ts',
    'common-knows-no-program',
  ],
  ['the testkit in production', 'slave/b.ts', '../common/testkit/fake-clock.ts', 'no-tests'],
  ['a test in production', 'slave/c.ts', './sync/cycle.test.ts', 'no-tests'],
  [
    'the testkit in a script',
    'scripts/a.ts',
    '../common/testkit/fake-clock.ts',
    'only-demo-and-bench',
  ],
  ['a module that does not exist', 'slave/d.ts', './nowhere.ts', 'resolvable'],
  ['a cycle of types', 'slave/ring-a.ts', './ring-b.ts', 'no-cycles'],
];

const RING_END = { 'slave/ring-b.ts': "export type { A } from './ring-a.ts';\nexport type B = 1;" };

let found: readonly string[];

beforeAll(async () => {
  const planted: Files = Object.fromEntries(
    PLANTED.map(([, path, to]) => [path, `export type { B as A } from '${to}';`] as const),
  );
  found = (await cruise({ ...planted, ...RING_END })).split('\n');
});

describe('the architecture rules', () => {
  it('accept a tree that keeps them', async () => {
    expect(await cruise({})).toBe('');
  });

  it.each(PLANTED)('find %s', (_what, path, _to, rule) => {
    const lines = found.filter((line) => line.includes(`${path} →`) && line.includes(rule));
    expect(lines).not.toEqual([]);
  });
});
