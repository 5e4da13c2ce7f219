import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `master` with these words in a folder of its own and waits for its end. */
function master(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { cwd, env: { PATH: process.env['PATH'], ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const json = (ended: Ended): Record<string, unknown> => {
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(ended.stdout) as Record<string, unknown>;
};

interface Started {
  readonly url: string;
  readonly ready: Record<string, unknown>;
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Sends the signal and waits for the exit code. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Starts `master start` and waits until it says that it is ready. */
async function start(cwd: string, args: readonly string[] = []): Promise<Started> {
  const child = spawn(process.execPath, [program, 'start', '--port', '0', '--json', ...args], {
    cwd,
    env: { PATH: process.env['PATH'] },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    exit.then(([code]) => Promise.reject(new Error(`ended with ${code}: ${stderr}`))),
  ])) as [Buffer];
  const ready = JSON.parse(line.toString()) as Record<string, unknown>;
  return {
    url: String(ready['url']),
    ready,
    child,
    stderr: () => stderr,
    end: async (signal) => {
      child.kill(signal);
      return (await exit)[0];
    },
  };
}

const inventory = (id: string) => ({
  table: 'inventories',
  id,
  action: 'create',
  data: {
    id,
    sku: `sku-${id}`,
    name: 'Bolt',
    quantity: 1,
    unit_price: '1.5000',
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
  },
});

async function upload(url: string, records: readonly unknown[], token?: string): Promise<Response> {
  return fetch(`${url}/api/sync/upload`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ records }),
  });
}

describe('master', () => {
  test('the program can be run as it is', () => {
    expect(statSync(program).mode & 0o111).toBe(0o111);
    expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test('--help names every command, and each command has examples', async () => {
    const cwd = makeTempDir();
    const help = await master(cwd, ['--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const word of ['start', 'db:migrate', 'token', 'slaves', 'conflicts', 'config'])
      expect(help.stdout).toContain(word);
    for (const words of [['start'], ['db', 'migrate'], ['token:create'], ['slaves'], ['config']]) {
      const own = await master(cwd, [...words, '--help']);
      expect([own.code, own.stderr]).toEqual([0, '']);
      expect(own.stdout).toContain('Examples:\n  master ');
    }
  });

  test('B72 a wrong call ends with 64, says what was wrong, and points to the help', async () => {
    const cwd = makeTempDir();
    const wrong = [
      [],
      ['strat'],
      ['token'],
      ['token', 'create'],
      ['slaves', '--frob'],
      ['slaves', 'x'],
      ['start', '--port'],
      ['start', '--port', '99999'],
    ];
    for (const args of wrong) {
      const ended = await master(cwd, args);
      expect([args, ended.code, ended.stdout]).toEqual([args, 64, '']);
      expect(ended.stderr).toMatch(/^error usage_invalid: .+\n/);
    }
    expect((await master(cwd, ['strat'])).stderr).toContain('Did you mean start?');
    const asJson = await master(cwd, ['token', 'create', '--json']);
    expect([asJson.code, json(asJson)['code'], asJson.stderr]).toEqual([64, 'usage_invalid', '']);
  });

  test('wrong settings end with 78 and name every one', async () => {
    const ended = await master(makeTempDir(), ['start'], { PORT: 'eighty', LOG_LEVEL: 'loud' });
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain('PORT');
    expect(ended.stderr).toContain('LOG_LEVEL');
  });

  test('config shows each value and where it came from', async () => {
    const cwd = makeTempDir();
    writeFileSync(join(cwd, '.env'), 'PORT=9000\n');
    const shown = json(await master(cwd, ['config', '--json'], { HOST: '0.0.0.0' }));
    expect(shown['settings']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'PORT', value: '9000', source: '.env' }),
        expect.objectContaining({ name: 'HOST', value: '0.0.0.0', source: 'environment' }),
      ]),
    );
    expect((await master(cwd, ['config'])).stdout).toMatch(/PORT +9000 +\.env/);
  });

  test('db:migrate prepares a database and can be repeated', async () => {
    const cwd = makeTempDir();
    expect(json(await master(cwd, ['db:migrate', '--json']))['created']).toContain('inventories');
    const again = await master(cwd, ['db', 'migrate']);
    expect([again.code, again.stdout]).toEqual([0, 'The database is up to date.\n']);
  });

  test('a database that is none ends with 74 and stays as it was', async () => {
    const cwd = makeTempDir();
    mkdirSync(join(cwd, 'storage'));
    const file = join(cwd, 'storage', 'master.sqlite');
    writeFileSync(file, 'this is not a database at all, only some text');
    const ended = await master(cwd, ['slaves']);
    expect(ended.code).toBe(74);
    expect(ended.stderr).toContain('storage_corrupt');
    expect(readFileSync(file, 'utf8')).toContain('only some text');
  });

  test('without a token start says so, serves this machine, and keeps what it took', async () => {
    const cwd = makeTempDir();
    const first = await start(cwd);
    expect(first.ready).toMatchObject({
      host: '127.0.0.1',
      needs_token: false,
      pid: first.child.pid,
    });
    expect(first.stderr()).toContain('No token was made yet');
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
    const answer = (await (await upload(first.url, [inventory('a')])).json()) as Record<
      string,
      unknown
    >;
    expect(answer).toMatchObject({
      accepted: 1,
      rejected: 0,
      results: [{ id: 'a', status: 'applied' }],
    });
    expect(await first.end('SIGKILL')).toBeNull();
    const second = await start(cwd);
    const download = (await (await fetch(`${second.url}/api/sync/download`)).json()) as {
      records: unknown[];
    };
    expect(download.records).toMatchObject([
      { table: 'inventories', id: 'a', data: { unit_price: '1.5000' } },
    ]);
    expect(await second.end('SIGTERM')).toBe(0);
  });

  test('a master that listens to a network without a token warns', async () => {
    const started = await start(makeTempDir(), ['--host', '0.0.0.0']);
    const line = started
      .stderr()
      .split('\n')
      .find((text) => text.includes('No token was made yet'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'warn', host: '0.0.0.0' });
    await started.end('SIGTERM');
  });

  test('B1 B5 tokens take effect on a running master: the first closes it, revoking acts at once', async () => {
    const cwd = makeTempDir();
    const { url, end } = await start(cwd);
    expect((await upload(url, [])).status).toBe(200);
    const made = json(await master(cwd, ['token', 'create', 'till-1', '--json']));
    expect(made).toMatchObject({ name: 'till-1' });
    const token = String(made['token']);
    expect((await upload(url, [])).status).toBe(401);
    expect((await upload(url, [], token)).status).toBe(200);
    const rotated = json(await master(cwd, ['token:rotate', 'till-1', '--json']));
    expect((await upload(url, [], token)).status).toBe(200);
    expect(
      (await master(cwd, ['token', 'revoke', 'till-1', '--id', String(made['id'])])).code,
    ).toBe(0);
    expect((await upload(url, [], token)).status).toBe(401);
    expect((await upload(url, [], String(rotated['token']))).status).toBe(200);
    const listed = await master(cwd, ['token', 'list']);
    expect(listed.stdout.match(/till-1/g)).toHaveLength(2);
    expect(listed.stdout).toMatch(/revoked/);
    expect(await end('SIGINT')).toBe(0);
    const log = readFileSync(join(cwd, 'storage', 'logs', 'sync.log'), 'utf8');
    for (const hidden of [token, String(rotated['token'])]) {
      expect(listed.stdout).not.toContain(hidden);
      expect(log).not.toContain(hidden);
    }
    expect(log).toContain('token revoked');
  });

  test('token commands end with what went wrong', async () => {
    const cwd = makeTempDir();
    expect((await master(cwd, ['token', 'create', 'till-1'])).code).toBe(0);
    expect((await master(cwd, ['token', 'create', 'till-1'])).code).toBe(77);
    expect((await master(cwd, ['token', 'create', 'not a name'])).code).toBe(64);
    expect((await master(cwd, ['token', 'revoke', 'nobody'])).code).toBe(65);
  });

  test('slaves lists who synced, how far, and with what left to send', async () => {
    const cwd = makeTempDir();
    expect((await master(cwd, ['slaves'])).stdout).toBe('No slave has synced yet.\n');
    const { url, end } = await start(cwd);
    await upload(url, [inventory('a')]);
    const headers = {
      'content-type': 'application/json',
      'sync-protocol': '1',
      'sync-slave': 'till-1',
      'sync-incarnation': 'inc-1',
      'sync-exchange': 'x-1',
      'sync-program': 'tidewater/0.1',
    };
    const page = await fetch(`${url}/api/sync/download`, { headers });
    expect(page.headers.get('sync-nonce')).not.toBeNull();
    const { cursor, timestamp } = (await page.json()) as Record<string, string>;
    const body = JSON.stringify({ timestamp, status: 'success', cursor, pending: 3 });
    const acknowledge = { method: 'POST', headers: { ...headers, 'sync-exchange': '' }, body };
    expect((await fetch(`${url}/api/sync/acknowledge`, acknowledge)).status).toBe(200);
    const listed = json(await master(cwd, ['slaves', '--json']));
    expect(listed).toMatchObject({
      head: 1,
      slaves: [{ name: 'till-1', pending: 3, program: 'tidewater/0.1', protocol: 1 }],
    });
    expect((await master(cwd, ['slaves'])).stdout).toMatch(/till-1 +\d{4}-/);
    expect(await end('SIGHUP')).toBe(0);
  });

  test('MERGE7 conflicts are listed, shown and decided, by a side or by values', async () => {
    const cwd = makeTempDir();
    expect((await master(cwd, ['conflicts', 'list'])).stdout).toBe('there are no such conflicts\n');
    const other = await openForeignConnection(`sqlite:${join(cwd, 'storage', 'master.sqlite')}`);
    onTestFinished(() => other.close());
    await other.run(
      "INSERT INTO inventories (id, sku, name, unit_price) VALUES ('a', 's', 'Tea', 1.5)",
    );
    const sides = `'{"name":"Coffee"}', '{"name":"Tea"}', '{"name":"Cocoa\\u001b[2J"}'`;
    await other.run(`INSERT INTO sync_conflicts
      (id, table_name, record_id, slave, columns, base, master, incoming, policy, reason, outcome, state)
      VALUES ('c1', 'inventories', 'a', 'till-1', '["name"]', ${sides}, 'manual', 'r', 'master', 'open')`);
    const listed = await master(cwd, ['conflicts:list', '--state=open']);
    expect(listed.stdout).toMatch(/c1 +open +inventories +a +name +till-1 +master/);
    expect(
      json(await master(cwd, ['conflicts', 'list', '--table', 'transactions', '--json'])),
    ).toEqual({
      conflicts: [],
    });
    const shown = await master(cwd, ['conflicts', 'show', 'c1']);
    expect(shown.stdout).toMatch(/name +Coffee +Tea +Cocoa\\x1b\[2J +Tea/);
    expect(
      json(await master(cwd, ['conflicts', 'resolve', 'c1', '--take=base', '--json'])),
    ).toMatchObject({
      state: 'resolved',
      resolvedBy: 'master',
      current: { name: 'Coffee' },
    });
    const set = [
      '--set',
      'name=Both',
      '--set',
      'quantity=5',
      '--set-null',
      'location',
      '--by',
      'anna',
    ];
    const decided = await master(cwd, ['conflicts', 'resolve', 'c1', ...set]);
    expect(decided.stdout).toMatch(/state +resolved by anna/);
    expect(
      await other.all("SELECT name, quantity, location FROM inventories WHERE id = 'a'"),
    ).toEqual([{ name: 'Both', quantity: 5, location: null }]);
  });

  test('conflict commands end with what went wrong, and change nothing', async () => {
    const cwd = makeTempDir();
    for (const [code, ...words] of [
      [64, 'list', '--state', 'closed'],
      [64, 'list', '--limit', '0'],
      [64, 'show'],
      [64, 'resolve', 'c1'],
      [64, 'resolve', 'c1', '--take', 'mine'],
      [64, 'resolve', 'c1', '--take', 'base', '--set', 'name=x'],
      [65, 'show', 'c1'],
      [65, 'resolve', 'c1', '--take', 'base'],
    ] as const) {
      expect([words, (await master(cwd, ['conflicts', ...words])).code]).toEqual([words, code]);
    }
  });

  test('a port that is taken ends with 78 and says so', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    onTestFinished(() => void blocker.close());
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ended = await master(makeTempDir(), ['start', '--port', String(port)]);
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain('the port is in use');
  });
});
