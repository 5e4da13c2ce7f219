import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTempDir } from '../common/testkit/temp-dir.ts';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = ['common', 'master', 'slave', 'scripts', 'test'];

type Files = Readonly<Record<string, string>>;

/** A tree that keeps all rules; each test adds one file that breaks one. */
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

describe('the architecture rules', () => {
  it('accept a tree that keeps them', async () => {
    expect(await cruise({})).toBe('');
  });

  it.each<[string, string, string, string]>([
    [
      'a room that core does not know',
      'common/core/a.ts',
      "import type {} from '../protocol/upload.ts';",
      'common/core/',
    ],
    ['node modules in core', 'common/core/a.ts', "import 'node:crypto';", 'common/core/'],
    ['packages in core', 'common/core/a.ts', "import 'zod';", 'common/core/'],
    [
      'packages beside zod in the protocol',
      'common/protocol/a.ts',
      "import 'axios';",
      'common/protocol/',
    ],
    [
      'tables in a port',
      'common/storage/a.ts',
      "import type {} from '../protocol/upload.ts';",
      'common/storage/',
    ],
    ['node:crypto in a use case', 'slave/sync/a.ts', "import 'node:crypto';", 'slave/sync/'],
    ['an adapter in a use case', 'master/sync/a.ts', "import '../http/app.ts';", 'master/sync/'],
    ['axios outside the transport', 'slave/sync/a.ts', "import 'axios';", 'slave/sync/'],
    [
      'the master in the slave',
      'slave/a.ts',
      "import type {} from '../master/sync/accept.ts';",
      'slave-knows-no-master',
    ],
    [
      'the slave in the master',
      'master/a.ts',
      "import '../slave/sync/cycle.ts';",
      'master-knows-no-slave',
    ],
    [
      'a program in common',
      'common/runtime/a.ts',
      "import '../../slave/compose.ts';",
      'common-knows-no-program',
    ],
    [
      'the testkit in production',
      'slave/a.ts',
      "import '../common/testkit/fake-clock.ts';",
      'production-imports-no-tests',
    ],
    [
      'a test in production',
      'slave/a.ts',
      "import './sync/cycle.test.ts';",
      'production-imports-no-tests',
    ],
    [
      'the testkit in a script',
      'scripts/a.ts',
      "import '../common/testkit/fake-clock.ts';",
      'only-demo-and-bench',
    ],
    ['a module that does not exist', 'slave/a.ts', "import './nowhere.ts';", 'resolvable'],
  ])('find %s', async (_what, path, content, rule) => {
    const found = await cruise({ [path]: content });
    expect(found).toContain(rule);
    expect(found).toContain(path);
  });

  it('find a cycle, also one of types', async () => {
    const found = await cruise({
      'slave/a.ts': "import type { B } from './b.ts';\nexport type A = B;",
      'slave/b.ts': "import type { A } from './a.ts';\nexport type B = A;",
    });
    expect(found).toContain('no-cycles');
  });
});
