import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../../common/testkit/fault-proxy.ts';
import { MasterFolder, SlaveFolder, type Recording } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';

const PASSWORD = 'planted-database-password';

/** Everything that acts on a terminal, a log's reader or a line's end, apart from the line feed of our own lines. */
const ACTING = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

/** Titles, clipboards, colours, forged lines and turned texts, as a row may hold them. */
const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\u009b31m\rforged\nline\u202eturned\u2028\u007f';

/** All files under a folder, databases included. */
function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

function expectNowhere(secret: string, folders: readonly (MasterFolder | SlaveFolder)[]): void {
  for (const folder of folders) {
    const told = folder.recordings.filter(({ text }) => text.includes(secret));
    expect(told.map(({ words }) => words.join(' '))).toEqual([]);
    const kept = filesUnder(folder.storagePath).filter((path) =>
      readFileSync(path).includes(secret),
    );
    expect(kept).toEqual([]);
  }
}

const actingIn = (recordings: readonly Recording[]): readonly string[] =>
  recordings
    .filter(({ text }) => ACTING.test(text))
    .map(({ words, text }) => `${words.join(' ')}: ${JSON.stringify(ACTING.exec(text)?.[0])}`);

describe('secrets', { timeout: 120_000 }, () => {
  it('P17 a token is in no output, log, status file, error, database or command line', async () => {
    const operator = new MasterFolder();
    const token = await operator.token('create', 'till-1');
    const master = new MasterFolder({ LOG_LEVEL: 'debug' }, operator.storagePath);
    const { url, running } = await master.serve();
    const proxy = await startFaultProxy(url);
    const env = { SYNC_TOKEN: token, LOG_LEVEL: 'debug' };
    const slave = new SlaveFolder({ ...env, MASTER_URL: proxy.url });
    await slave.run('db:migrate');
    await slave.stock('lamp');
    const daemon = await slave.startDaemon();
    for (const words of [
      ['sync:run', '--force'],
      ['sync:run', '--dry-run'],
      ['sync:status', '--json'],
      ['verify'],
      ['config'],
      ['config', '--json'],
      ['logs', '-n', '1000'],
      ['sync:reset', '--resync', '--yes'],
    ])
      await slave.run(...words);
    for (const { pid } of [daemon, running]) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(token);
    }
    await daemon.stop('SIGTERM');
    // Now everything fails, in many ways.
    const faults = [
      { kind: 'drop-request' },
      { kind: 'replace', status: 401, body: `{"code":"auth_invalid","detail":"Bearer ${token}"}` },
      { kind: 'replace', status: 500, body: `<p>Authorization: Bearer ${token}</p>` },
      { kind: 'replace', status: 302, headers: { location: `http://127.0.0.1:9/?token=${token}` } },
    ] as const;
    for (const fault of faults) {
      proxy.script(() => fault);
      expect((await slave.run('sync:run', '--force')).exitCode).toBeGreaterThan(0);
      await slave.run('sync:run', '--force', '--json');
      await slave.run('sync:status');
    }
    await slave.run('sync:run', '--force', '--master-url=http://127.0.0.1:9');
    await slave.run('sync:run', `--timeout=${token}`);
    await proxy.close();
    expectNowhere(token, [slave, master]);
  });

  it("P17 the password of a master's database is in none of its outputs and logs", async () => {
    const master = new MasterFolder({
      DATABASE_URL: `postgres://tidewater:${PASSWORD}@127.0.0.1:9/none`,
      LOG_LEVEL: 'debug',
    });
    expect((await master.run('start')).exitCode).toBe(74);
    expect((await master.run('db:migrate', '--json')).exitCode).toBe(74);
    await master.run('config');
    expectNowhere(PASSWORD, [master]);
  });
});

describe('hostile rows', { timeout: 120_000 }, () => {
  let master: MasterFolder;
  let slave: SlaveFolder;

  beforeAll(async () => {
    master = new MasterFolder();
    const { url } = await master.serve();
    slave = new SlaveFolder({ MASTER_URL: url, SLAVE_NAME: 'till-1' });
    await slave.run('db:migrate');
    await slave.stock('plain');
    await slave.run('sync:run');
    // A conflict whose both sides are hostile, and a row that is refused for a hostile value.
    await master.sql(`UPDATE inventories SET name = 'master ${HOSTILE}' WHERE id = 'plain';
      INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('m-${HOSTILE.slice(0, 20)}', 'taken ${HOSTILE}', 'x', 1, '1.0000');`);
    await slave.sql(`UPDATE inventories SET name = 'slave ${HOSTILE}' WHERE id = 'plain';
      INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('s-${HOSTILE.slice(0, 20)}', 'taken ${HOSTILE}', 'x', 1, '1.0000');
      INSERT INTO inventories (id, sku, name, quantity, unit_price) VALUES ('float', 'f ${HOSTILE}', 'x', 1, 0.30000000000000004);`);
  }, 60_000);

  it('P17 act on no terminal, whatever command shows them', async () => {
    await slave.run('sync:run', '--dry-run');
    await slave.run('sync:run', '--dry-run', '--json');
    await slave.run('sync:run');
    const { conflicts } = await slave.json<{ conflicts: { id: string }[] }>('conflicts', 'list');
    const { rejected } = await slave.json<{ rejected: unknown[] }>('rejected', 'list');
    expect([conflicts.length, rejected.length]).toEqual([1, 2]);
    const [{ id } = { id: '' }] = conflicts;
    await slave.sql(`UPDATE inventories SET quantity = quantity - 1 WHERE id = 'plain'`);
    for (const words of [
      ['conflicts', 'list'],
      ['conflicts', 'show', id],
      ['conflicts', 'show', id, '--json'],
      ['conflicts', 'show', HOSTILE],
      ['rejected', 'list'],
      ['rejected', 'discard', HOSTILE],
      ['verify'],
      ['verify', '--json'],
      ['sync:status'],
      ['logs', '-n', '1000'],
      ['logs', '-n', '1000', '--json'],
      ['conflicts', 'resolve', id, `--set=name=${HOSTILE}`, '--by', HOSTILE],
      ['conflicts', 'list', '--table', HOSTILE],
      [HOSTILE],
      [HOSTILE, '--json'],
      ['sync:run', `--${HOSTILE}`],
      ['sync:run', `--master-url=http://${HOSTILE}`],
    ])
      await slave.run(...words);
    for (const words of [
      ['slaves'],
      ['conflicts', 'list'],
      ['conflicts', 'show', id],
      ['conflicts', 'show', id, '--json'],
      ['token', 'create', HOSTILE],
      [HOSTILE],
    ])
      await master.run(...words);
    expect(slave.recordings.some(({ text }) => text.includes('\\x1b]0;owned'))).toBe(true);
    expect(actingIn([...slave.recordings, ...master.recordings])).toEqual([]);
    expect(ACTING.test(JSON.stringify(await slave.statusFile()))).toBe(false);
  });
});

describe('hostile answers', { timeout: 120_000 }, () => {
  it('P17 F35 act on no terminal, log or status file', async () => {
    const { proxy, slave } = await openShop();
    await slave.stock('lamp');
    const problem = { code: 'auth_invalid', detail: HOSTILE, title: HOSTILE, hint: HOSTILE };
    for (const [status, body] of [
      [401, JSON.stringify(problem)],
      [400, JSON.stringify({ ...problem, code: HOSTILE })],
      [500, HOSTILE],
      [200, `{"${HOSTILE.replaceAll('\n', '')}":1}`],
    ] as const) {
      proxy.script(() => ({
        kind: 'replace',
        status,
        headers: { 'content-type': 'application/problem+json', 'sync-epoch': 'made-up' },
        body,
      }));
      for (const words of [['sync:run', '--force'], ['sync:run', '--force', '--json'], ['status']])
        await slave.run(...words);
      expect(ACTING.test(JSON.stringify(await slave.statusFile()))).toBe(false);
    }
    await slave.run('logs', '-n', '1000');
    expect(actingIn(slave.recordings)).toEqual([]);
    const log = readFileSync(join(slave.storagePath, 'logs', 'sync.log'), 'utf8');
    expect(ACTING.test(log)).toBe(false);
  });
});
