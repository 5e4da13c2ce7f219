import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMaster } from './fake-master.testkit.ts';
import { SlaveOutside, until } from './slave-process.testkit.ts';

let master: FakeMaster;
let slave: SlaveOutside;

beforeEach(async () => {
  master = new FakeMaster();
  const url = await master.start();
  slave = new SlaveOutside({ MASTER_URL: url });
});
afterEach(() => {
  slave.killAll();
  master.stop();
});

const fileShows = (expected: Readonly<Record<string, unknown>>) => async (): Promise<boolean> => {
  const file = await slave.statusFile();
  return Object.entries(expected).every(([name, value]) => file?.[name] === value);
};

describe('slave start', () => {
  it('prepares the database, syncs at once, and stops clean on SIGTERM (P16)', async () => {
    const daemon = await slave.startDaemon();
    await until(fileShows({ status: 'success' }));
    expect((await stat(join(slave.storagePath, 'slave.sock'))).mode & 0o777).toBe(0o600);
    daemon.kill('SIGTERM');
    expect(await once(daemon, 'close')).toEqual([0, null]);
    await expect(stat(join(slave.storagePath, 'slave.sock'))).rejects.toThrow('ENOENT');
    expect(await slave.json('sync:status')).toMatchObject({
      exitCode: 0,
      daemon: null,
      status: 'success',
    });
  });

  it('P14 keeps the status file true while rows are written, and syncs on request', async () => {
    await slave.startDaemon();
    await until(fileShows({ status: 'success' }));
    await slave.insert('a');
    await until(fileShows({ status: 'idle', pending_records: 1 }));
    expect(await slave.json('sync:status')).toMatchObject({
      status: 'idle',
      pending_records: 1,
      daemon: {},
    });
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, uploaded: { applied: 1 } });
    await until(fileShows({ status: 'success', pending_records: 0 }));
    expect(await slave.json('sync:run', '--dry-run')).toMatchObject({
      exitCode: 0,
      upload: { total: 0 },
    });
  });

  it('P7 refuses a second daemon with exit code 75', async () => {
    const daemon = await slave.startDaemon();
    const { exitCode, stderr } = await slave.run('start');
    expect(exitCode).toBe(75);
    expect(stderr).toContain(`process ${String(daemon.pid)}`);
  });

  it('P5 starts again after kill -9, over the socket that was left', async () => {
    const killed = await slave.startDaemon();
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0 });
    const daemon = await slave.startDaemon();
    expect(await slave.json('sync:status')).toMatchObject({ daemon: { pid: daemon.pid } });
  });

  it('syncs by schedule, and tries again by itself when the master is back (P10)', async () => {
    master.problem = { status: 503, code: 'protocol_busy' };
    await slave.startDaemon('--interval=0.1');
    await until(fileShows({ status: 'failed', last_error_code: 'protocol_busy' }));
    await slave.insert('a');
    master.problem = null;
    await until(fileShows({ status: 'success', pending_records: 0 }));
    await slave.insert('b');
    await until(() => Promise.resolve(master.uploads.flat().some(({ id }) => id === 'b')));
  }, 60_000);

  it('pauses and goes on', async () => {
    await slave.startDaemon();
    await until(fileShows({ status: 'success' }));
    expect((await slave.run('pause')).exitCode).toBe(0);
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 77, code: 'sync_disabled' });
    await slave.insert('a');
    await until(fileShows({ status: 'disabled', pending_records: 1, paused: true }));
    expect((await slave.run('resume')).exitCode).toBe(0);
    await until(fileShows({ status: 'success', pending_records: 0 }));
  });

  it('answers, but does not sync, with SYNC_ENABLED=false', async () => {
    slave = new SlaveOutside({ SYNC_ENABLED: 'false' });
    await slave.startDaemon();
    expect(await slave.json('sync:status')).toMatchObject({ exitCode: 0, status: 'disabled' });
    expect(await slave.json('sync:run', '--master-url=http://127.0.0.1:9')).toMatchObject({
      exitCode: 77,
      code: 'sync_disabled',
    });
    expect(master.requests).toBe(0);
  });

  it('P16 ends a sync that hangs when it is told to stop', async () => {
    await slave.startDaemon();
    await until(fileShows({ status: 'success' }));
    master.gate = new Promise(() => undefined);
    await slave.insert('a');
    const asked = slave.json('sync:run');
    await until(fileShows({ status: 'running' }));
    const pid = (await slave.statusFile())?.['daemon_pid'];
    process.kill(Number(pid), 'SIGTERM');
    expect((await asked).exitCode).toBeGreaterThan(0);
    await until(async () => (await slave.json('sync:status'))['daemon'] === null);
  });
});
