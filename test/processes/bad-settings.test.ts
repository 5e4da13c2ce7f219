import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redirectTo } from '../../common/testkit/fault.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { MasterFolder, SlaveFolder, type Env } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';

type Words = readonly string[];

/** One bad input, the exit code, and what the one error must say. */
interface BadInput {
  readonly words?: Words;
  readonly env?: Env;
  readonly exit: number;
  readonly says: readonly (string | RegExp)[];
}

const GOOD = { MASTER_URL: 'http://127.0.0.1:9', SLAVE_NAME: 'till-1' };

const usage: Readonly<Record<string, BadInput>> = {
  'an unknown command': { words: ['sink'], exit: 64, says: ['sink', '--help'] },
  'an unknown flag': { words: ['sync:run', '--fast'], exit: 64, says: ['--fast', '--help'] },
  'a flag without its value': { words: ['start', '--interval'], exit: 64, says: ['--interval'] },
  'a word too many': { words: ['sync:status', 'now'], exit: 64, says: ['arguments'] },
  ...Object.fromEntries(
    ['abc', '0', '-1', '1e99', 'NaN', ''].map((value) => [
      `--interval=${value}`,
      {
        words: ['start', `--interval=${value}`],
        exit: 64,
        says: ['--interval', '0.1 to 1440', '--interval=5'],
      },
    ]),
  ),
  '--batch-size=1e9': {
    words: ['sync:run', '--batch-size=1e9'],
    exit: 64,
    says: ['--batch-size', '1 to 5000', '--batch-size=500'],
  },
  '--limit=0': {
    words: ['rejected', 'list', '--limit=0'],
    exit: 64,
    says: ['--limit', '1 to 10000'],
  },
  '-n x': { words: ['logs', '-n', 'x'], exit: 64, says: ['--lines', '0 to 10000'] },
  '--state=odd': {
    words: ['conflicts', 'list', '--state=odd'],
    exit: 64,
    says: ['--state', 'open'],
  },
};

const addresses: Readonly<Record<string, BadInput>> = Object.fromEntries(
  [
    '',
    'master.example.com',
    'ftp://master.example.com',
    'data:text/plain,x',
    'file:///etc/passwd',
    'http://user:geheim@127.0.0.1:9',
    'https://master.example.com/?tenant=1',
    'https://master.example.com/#top',
    'http://master.example.com',
    'http://169.254.169.254/latest',
    'http://',
    'https://master.example.com:99999',
  ].map((url) => [
    `MASTER_URL=${url}`,
    { words: ['sync:run'], env: { ...GOOD, MASTER_URL: url }, exit: 78, says: ['MASTER_URL'] },
  ]),
);

const tokens: Readonly<Record<string, BadInput>> = Object.fromEntries(
  [
    '',
    'two\nlines-of-token',
    '"quoted-token-0123456789"',
    'changeme',
    'with blank inside 123',
    'short',
  ].map((token) => [
    `SYNC_TOKEN=${JSON.stringify(token)}`,
    { words: ['sync:run'], env: { ...GOOD, SYNC_TOKEN: token }, exit: 78, says: ['SYNC_TOKEN'] },
  ]),
);

const others: Readonly<Record<string, BadInput>> = {
  'a schedule instead of minutes': {
    words: ['start'],
    env: { ...GOOD, SYNC_INTERVAL: '*/5 * * * *' },
    exit: 78,
    says: ['SYNC_INTERVAL', '0.1 to 1440'],
  },
  'a log level that is none': {
    words: ['sync:status'],
    env: { ...GOOD, LOG_LEVEL: 'verbose!!' },
    exit: 78,
    says: ['LOG_LEVEL', 'error, warn, info or debug'],
  },
  'several at once': {
    words: ['sync:run'],
    env: { MASTER_URL: 'ftp://x', SYNC_BATCH_SIZE: 'many', SYNC_ENABLED: 'perhaps' },
    exit: 78,
    says: ['MASTER_URL', 'SYNC_BATCH_SIZE', 'SYNC_ENABLED'],
  },
  'a token file that is not there': {
    words: ['sync:run'],
    env: { ...GOOD, SYNC_TOKEN_FILE: 'none.txt' },
    exit: 78,
    says: ['SYNC_TOKEN', 'none.txt'],
  },
};

async function expectRefused(program: MasterFolder | SlaveFolder, bad: BadInput): Promise<void> {
  const { exitCode, stdout, stderr } = await program.run(...(bad.words ?? []));
  expect([exitCode, stdout, stderr]).toEqual([
    bad.exit,
    '',
    expect.stringMatching(/^error [a-z_]+: /),
  ]);
  for (const text of bad.says)
    expect(stderr).toMatch(text instanceof RegExp ? text : literal(text));
  expect(stderr).not.toMatch(/\n\s+at /); // no stack
  expect(stderr).not.toContain('geheim');
}

function literal(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
}

describe('bad input', { timeout: 60_000 }, () => {
  it.each(Object.entries(usage))('B72 %s', async (_name, bad) => {
    await expectRefused(new SlaveFolder(bad.env ?? GOOD), bad);
  });

  it.each(Object.entries(addresses))('B73 %s', async (_name, bad) => {
    await expectRefused(new SlaveFolder(bad.env ?? GOOD), bad);
  });

  it.each(Object.entries(tokens))('B75 %s', async (_name, bad) => {
    await expectRefused(new SlaveFolder(bad.env ?? GOOD), bad);
  });

  it.each(Object.entries(others))('B76 B80 %s', async (_name, bad) => {
    await expectRefused(new SlaveFolder(bad.env ?? GOOD), bad);
  });

  it('B73 takes an address with a slash at its end, with the endpoint, or in punycode', async () => {
    const { serving, slave } = await openShop();
    for (const url of [`${serving.url}/`, `${serving.url}/api/sync`, `${serving.url}/api/sync/`]) {
      expect(await slave.json('sync:run', `--master-url=${url}`)).toMatchObject({ exitCode: 0 });
    }
    slave.env = { ...slave.env, MASTER_URL: 'https://xn--bcher-kva.example' };
    expect(await slave.run('config')).toMatchObject({ exitCode: 0 });
  });

  it('B74 follows no redirect and takes no address from an answer', async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{}');
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    onTestFinished(() => void elsewhere.close());
    const { port } = elsewhere.address() as AddressInfo;
    const { proxy, slave } = await openShop();
    await slave.stock('lamp');
    for (const status of [301, 302, 307, 308]) {
      proxy.script(() => redirectTo(`http://127.0.0.1:${port}/api/sync/upload`, status));
      expect(await slave.json('sync:run', '--force')).toMatchObject({
        exitCode: 69,
        error: { code: 'transport_redirect_refused' },
        pending: 1,
      });
    }
    expect(asked).toEqual([]);
  });

  it('B75 takes a token from a file without its last line break, and warns when others can read it', async () => {
    const slave = new SlaveFolder({ ...GOOD, SYNC_TOKEN_FILE: 'token.txt' });
    const file = join(slave.storagePath, 'token.txt');
    writeFileSync(file, 'a-token-from-a-file-0123456789\n');
    chmodSync(file, 0o644);
    const open = await slave.run('config');
    expect([open.exitCode, open.stdout + open.stderr]).toEqual([
      0,
      expect.stringMatching(/warning:.*token\.txt/),
    ]);
    chmodSync(file, 0o600);
    expect((await slave.run('config')).stderr).toBe('');
    expect(slave.recordings.some(({ text }) => text.includes('a-token-from-a-file'))).toBe(false);
  });

  it('B79 the nearer source wins, config tells which, and a mistyped name is pointed out', async () => {
    const slave = new SlaveFolder({ ...GOOD, SYNC_INTERVAL: '7', SYNC_INTERVALL: '9' });
    writeFileSync(join(slave.storagePath, '.env'), 'SYNC_INTERVAL=3\nSYNC_BATCH_SIZE=42\n');
    const { settings, warnings } = await slave.json<{
      settings: { name: string; value: string; source: string; overridden: string[] }[];
      warnings: string[];
    }>('config');
    const of = (name: string): unknown => settings.find((setting) => setting.name === name);
    expect(of('SYNC_INTERVAL')).toMatchObject({
      value: '7',
      source: 'environment',
      overridden: ['.env'],
    });
    expect(of('SYNC_BATCH_SIZE')).toMatchObject({ value: '42', source: '.env' });
    expect(warnings).toEqual([
      expect.stringMatching(/SYNC_INTERVALL.*did you mean SYNC_INTERVAL\?/),
    ]);
  });

  it('B77 B80 works in any surroundings', async () => {
    const { slave } = await openShop();
    await slave.stock('lamp');
    const plain = slave.env;
    const surroundings: readonly Env[] = [
      { NODE_OPTIONS: '--max-old-space-size=256' },
      { LC_ALL: 'C', LANG: 'C' },
      { TERM: 'dumb', NO_COLOR: '1', COLUMNS: '1' },
      { TZ: 'Nowhere/City' },
      { TZ: 'Australia/Lord_Howe', HOME: '/nonexistent' },
    ];
    for (const added of surroundings) {
      slave.env = { ...plain, ...added };
      for (const words of [['sync:run'], ['sync:status']]) {
        expect([added, words, (await slave.run(...words)).exitCode]).toEqual([added, words, 0]);
      }
    }
  });
});

describe('a bad database', { timeout: 60_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = makeTempDir();
    mkdirSync(join(folder, 'directory'));
    writeFileSync(
      join(folder, 'text.sqlite'),
      'this is a letter, and a long one at that. '.repeat(50),
    );
  });

  it('B78 is refused with what is wrong, and stays as it was', async () => {
    const letter = readFileSync(join(folder, 'text.sqlite'), 'utf8');
    for (const [url, exits] of [
      [`sqlite:${join(folder, 'directory')}`, [73, 74, 78]],
      [`sqlite:${join(folder, 'missing', 'x.sqlite')}`, [73, 74, 78]],
      ['sqlite::memory:', [78]],
      [':memory:', [78]],
      [`sqlite:${join(folder, 'text.sqlite')}`, [74]],
      ['mysql://127.0.0.1/x', [78]],
    ] as const) {
      for (const program of [
        new SlaveFolder({ ...GOOD, DATABASE_URL: url }),
        new MasterFolder({ DATABASE_URL: url }),
      ]) {
        const { exitCode, stdout, stderr } = await program.run('db:migrate');
        expect([url, exits.includes(exitCode as never), stdout]).toEqual([url, true, '']);
        expect(stderr).toMatch(/^error (storage|config)_[a-z_]+: .*\nhint: /s);
      }
    }
    expect(readFileSync(join(folder, 'text.sqlite'), 'utf8')).toBe(letter);
  });

  it("B78 made by a newer version is left alone, and another program's keeps its rows", async () => {
    const slave = new SlaveFolder(GOOD);
    await slave.sql(
      'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes (text) VALUES (1);',
    );
    expect(await slave.json('db:migrate')).toMatchObject({ exitCode: 0 });
    expect(await slave.query('SELECT text FROM notes')).toEqual([{ text: '1' }]);
    await slave.sql("UPDATE sync_meta SET value = '999' WHERE key LIKE '%version%'");
    const meta = await slave.query('SELECT * FROM sync_meta');
    for (const words of [['sync:status'], ['sync:run'], ['db:migrate']]) {
      const { exitCode, stderr } = await slave.run(...words);
      expect([words, exitCode, stderr]).toEqual([words, 78, expect.stringContaining('999')]);
    }
    expect(await slave.query('SELECT * FROM sync_meta')).toEqual(meta);
  });
});
