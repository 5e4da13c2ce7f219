import { once } from 'node:events';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SyncReport } from '../../common/core/sync-report.ts';
import { FakeMaster } from './fake-master.testkit.ts';
import { SlaveOutside, until } from './slave-process.testkit.ts';

const TOKEN = 'planted-secret-token-0123456789';

let master: FakeMaster;
let slave: SlaveOutside;

beforeEach(async () => {
  master = new FakeMaster();
  const url = await master.start();
  slave = new SlaveOutside({ MASTER_URL: url, SYNC_TOKEN: TOKEN });
});
afterEach(() => {
  slave.killAll();
  master.stop();
});

async function prepared(...ids: readonly string[]): Promise<void> {
  expect((await slave.run('db:migrate')).exitCode).toBe(0);
  for (const id of ids) await slave.insert(id);
}

describe('slave without a daemon', () => {
  it('asks for db:migrate first, which may be repeated', async () => {
    expect(await slave.json('sync:status')).toMatchObject({
      exitCode: 78,
      code: 'storage_not_migrated',
    });
    expect((await slave.json<{ created: string[] }>('db:migrate')).created).toContain(
      'inventories',
    );
    expect(await slave.json('db', 'migrate')).toMatchObject({ exitCode: 0, created: [] });
  });

  it('sends what waits, and shows it before and after (P14)', async () => {
    await prepared('a', 'b');
    expect(await slave.json('status')).toMatchObject({
      status: 'idle',
      pending_records: 2,
      last_synced_at: null,
    });
    const dryRun = await slave.json('sync', 'run', '--dry-run');
    expect(dryRun).toMatchObject({
      exitCode: 0,
      upload: { total: 2 },
      download: { reachable: true },
    });
    expect(master.uploads).toEqual([]);
    const report = await slave.json<SyncReport>('sync:run');
    expect(report).toMatchObject({
      exitCode: 0,
      outcome: 'success',
      pending: 0,
      uploaded: { records: 2, applied: 2 },
    });
    expect(master.uploads.flat().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await slave.statusFile()).toMatchObject({
      status: 'success',
      pending_records: 0,
      last_error: null,
    });
    await slave.insert('c');
    expect(await slave.json('sync:status')).toMatchObject({ status: 'idle', pending_records: 1 });
    const { stdout, exitCode } = await slave.run('sync');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('sent      1 record (1 applied)');
  });

  it('exits 69 without a master, and says so everywhere', async () => {
    await prepared('a');
    master.stop();
    const { exitCode, stderr, stdout } = await slave.run('sync:run');
    expect(exitCode).toBe(69);
    expect(stderr).toContain('error transport_unreachable:');
    expect(stdout + stderr).not.toContain(TOKEN);
    expect(await slave.statusFile()).toMatchObject({
      status: 'failed',
      pending_records: 1,
      retry_count: 1,
      last_error_code: 'transport_unreachable',
    });
    expect((await slave.run('sync:status')).stdout).toContain('transport_unreachable');
  });

  it('BACK1 waits as long as the master asked, but runs with --force or after a reset', async () => {
    await prepared('a');
    master.problem = { status: 503, code: 'protocol_busy', retryAfterMs: 600_000 };
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 75, outcome: 'failed' });
    const { requests } = master;
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 75, code: 'sync_backing_off' });
    expect(master.requests).toBe(requests);
    const forced = await slave.json('sync:run', '--force');
    expect(forced).toMatchObject({ exitCode: 75, error: { code: 'protocol_busy' } });
    const reset = await slave.json('sync:reset');
    expect(reset).toMatchObject({ exitCode: 0, variant: 'status', pendingKept: 1 });
    expect(await slave.json('status')).toMatchObject({
      status: 'idle',
      retry_count: 0,
      last_error: null,
    });
    master.problem = null;
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0 });
  });

  it('goes to another master with --master-url', async () => {
    await prepared('a');
    master.stop();
    const other = new FakeMaster();
    const url = await other.start();
    expect(await slave.json('sync:run', `--master-url=${url}`)).toMatchObject({
      exitCode: 0,
      uploaded: { applied: 1 },
    });
    other.stop();
  });

  it('P6 exits 0 with a warning when rows are set aside; lists, retries and discards them', async () => {
    await prepared('a', 'b');
    master.rejectWith = 'row_unique';
    const { exitCode, stderr } = await slave.run('sync:run');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning: 2 changes are set aside');
    const list = await slave.json<{ rejected: { rejectedId: number; id: string; code: string }[] }>(
      'rejected',
      'list',
    );
    expect(list.rejected.map(({ id, code }) => `${id} ${code}`)).toEqual([
      'a row_unique',
      'b row_unique',
    ]);
    const [first = '', second = ''] = list.rejected.map(({ rejectedId }) => String(rejectedId));
    expect(await slave.json('rejected', 'discard', first)).toMatchObject({
      exitCode: 77,
      code: 'sync_refused',
    });
    expect(await slave.json('rejected', 'discard', '999', '--yes')).toMatchObject({
      exitCode: 65,
      code: 'data_not_found',
    });
    expect(await slave.json('rejected', 'discard', first, '--yes')).toMatchObject({
      exitCode: 0,
      changes: 1,
    });
    expect(await slave.json('rejected', 'retry', second)).toMatchObject({
      exitCode: 0,
      changes: 1,
    });
    master.rejectWith = null;
    await slave.run('sync:run');
    expect(master.uploads.at(-1)?.map(({ id }) => id)).toEqual(['b']);
    expect(await slave.statusFile()).toMatchObject({ status: 'success', rejected_records: 0 });
  });

  it('ID5 stops in trouble, says what a reset would do, and does it with --yes only', async () => {
    await prepared('a');
    await slave.run('sync:run');
    master.problem = { status: 410, code: 'cursor_expired' };
    expect(await slave.json('sync:run')).toMatchObject({
      exitCode: 77,
      error: { code: 'cursor_expired' },
    });
    expect(await slave.json('sync:run', '--force')).toMatchObject({
      exitCode: 77,
      code: 'cursor_expired',
    });
    expect(await slave.statusFile()).toMatchObject({ status: 'failed', trouble: 'cursor_expired' });
    const { exitCode, stderr } = await slave.run('sync:reset');
    expect(exitCode).toBe(77);
    expect(stderr).toContain('1 row here');
    expect(await slave.statusFile()).toMatchObject({ trouble: 'cursor_expired' });
    const reset = await slave.json<{ backup: string }>('sync:reset', '--yes');
    expect(reset).toMatchObject({ exitCode: 0, variant: 'resync', trouble: 'cursor_expired' });
    expect((await stat(reset.backup)).size).toBeGreaterThan(0);
    expect(await slave.statusFile()).toMatchObject({ trouble: null });
  });

  it('P7 refuses a second sync with exit code 75, or waits for the first', async () => {
    await prepared('a');
    const gate = Promise.withResolvers<undefined>();
    master.gate = gate.promise;
    const first = slave.json('sync:run');
    await until(() => Promise.resolve(master.requests > 0));
    expect(await slave.json('sync:run', '--force')).toMatchObject({
      exitCode: 75,
      code: 'sync_already_running',
    });
    expect(await slave.json('sync:status')).toMatchObject({ status: 'running' });
    const third = slave.json('sync:run', '--wait');
    gate.resolve(undefined);
    expect(await first).toMatchObject({ exitCode: 0 });
    expect(await third).toMatchObject({ exitCode: 0 });
  });

  it('P16 stops a sync on SIGINT with exit code 0, and goes on with the next', async () => {
    await prepared('a');
    const gate = Promise.withResolvers<undefined>();
    master.gate = gate.promise;
    const child = slave.spawn('sync:run');
    await until(() => Promise.resolve(master.requests > 0));
    child.kill('SIGINT');
    const [exitCode] = (await once(child, 'close')) as [number];
    expect(exitCode).toBe(0);
    gate.resolve(undefined);
    expect(await slave.json('sync:run', '--force')).toMatchObject({ exitCode: 0, pending: 0 });
  });

  it('shows the log, as text and as one document', async () => {
    await prepared('a');
    await slave.run('sync:run');
    expect((await slave.run('logs')).stdout).toContain('sync cycle ended');
    const { lines } = await slave.json<{ lines: { message: string }[] }>('logs', '-n', '1');
    expect(lines).toHaveLength(1);
    const log = await readFile(join(slave.storagePath, 'logs', 'sync.log'), 'utf8');
    expect(log).not.toContain(TOKEN);
    const follower = slave.spawn('logs', '-f', '-n', '0');
    let shown = '';
    follower.stdout?.on('data', (bytes: Buffer) => (shown += bytes.toString()));
    await until(async () => {
      await appendFile(
        join(slave.storagePath, 'logs', 'sync.log'),
        '{"message":"written later"}\n',
      );
      return shown.includes('written later');
    });
    follower.kill('SIGTERM');
    expect(await once(follower, 'close')).toEqual([0, null]);
  });

  it('needs no master for what does not ask one, and names the setting where it does', async () => {
    slave = new SlaveOutside({});
    await prepared();
    for (const words of [
      ['sync:status'],
      ['config'],
      ['logs'],
      ['rejected', 'list'],
      ['conflicts', 'list'],
    ]) {
      expect((await slave.run(...words)).exitCode).toBe(0);
    }
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 78, code: 'config_invalid' });
    expect(await slave.json('verify')).toMatchObject({ exitCode: 78, code: 'config_invalid' });
    expect((await slave.run('start', '--log-level=error')).exitCode).toBe(78);
  });
});
