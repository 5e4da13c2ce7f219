import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until, type SlaveFolder } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';

const PROMISED_MS = 2000;

const fileOf = (slave: SlaveFolder): string => join(slave.storagePath, 'app', 'sync_status.json');

/** Each spoils the status file in its own way. */
const SPOILERS: Readonly<Record<string, (file: string) => void>> = {
  removed: (file) => rmSync(file),
  empty: (file) => writeFileSync(file, ''),
  'half JSON': (file) => writeFileSync(file, readFileSync(file).subarray(0, 90)),
  binary: (file) => writeFileSync(file, Buffer.from([0, 255, 254, 27, 155, 10, 0])),
  'of wrong types': (file) => writeFileSync(file, '{"status":7,"pending_records":"many"}'),
  'another document': (file) => writeFileSync(file, '[]'),
  '1 GB and sparse': (file) => truncateSync(file, 1024 ** 3),
  'edited by hand': (file) => edit(file, { pending_records: 0, status: 'success' }),
  'from the future': (file) => edit(file, { last_synced_at: '2999-01-01T00:00:00.000Z' }),
  'with a sequence for the terminal': (file) =>
    edit(file, { last_error: '\u001b]52;c;cm0gLXJm\u0007', slave: '\u009b2J' }),
  'a folder': (file) => {
    rmSync(file);
    mkdirSync(join(file, 'inside'), { recursive: true });
  },
};

function edit(file: string, change: Readonly<Record<string, unknown>>): void {
  const content = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...content, ...change }));
}

describe('the status file of a running slave', { timeout: 120_000 }, () => {
  it('P14 follows the outbox within 2 s while a foreign program writes', async () => {
    const { slave } = await openShop({ SYNC_ENABLED: 'false' });
    await slave.startDaemon();
    const lags: number[] = [];
    for (let count = 1; count <= 7; count += 1) {
      await slave.stock(`lamp-${count}`);
      const writtenMs = performance.now();
      await slave.shows({ pending_records: count });
      lags.push(performance.now() - writtenMs);
    }
    // The middle one: a machine that is busy for a moment is no fault of the file.
    expect(lags.toSorted((a, b) => a - b)[3]).toBeLessThan(PROMISED_MS);
    expect(await slave.outboxCount()).toBe(7);
  });

  it("P14 never says 'success' while something is unsent or after a failed attempt", async () => {
    const { proxy, slave } = await openShop({ SYNC_INTERVAL: '0.1' });
    const seen: Readonly<Record<string, unknown>>[] = [];
    const watch = { isOn: true };
    const watching = (async () => {
      while (watch.isOn) {
        const file = await slave.statusFile();
        if (file !== null) seen.push(file);
        await sleep(10);
      }
    })();
    await slave.startDaemon();
    await slave.isSynced();
    for (const id of ['a', 'b', 'c']) {
      await slave.stock(id);
      await slave.run('sync:run', '--force');
    }
    proxy.script(() => ({ kind: 'drop-request' }));
    await slave.stock('d');
    await slave.run('sync:run', '--force');
    await slave.shows({ status: 'failed', pending_records: 1 });
    proxy.script(() => undefined);
    await slave.isSynced();
    watch.isOn = false;
    await watching;
    const untrue = seen.filter(
      (file) =>
        file['status'] === 'success' &&
        (file['pending_records'] !== 0 || file['last_error'] !== null),
    );
    expect(untrue).toEqual([]);
    expect(new Set(seen.map((file) => file['status']))).toContain('failed');
  });

  it('F52 F53 B81 is made anew, whatever was done to it, and nothing is decided by it', async () => {
    const { slave } = await openShop({ SYNC_ENABLED: 'false' });
    await slave.startDaemon();
    const file = fileOf(slave);
    let pending = 0;
    for (const [how, spoil] of Object.entries(SPOILERS)) {
      await slave.shows({ pending_records: pending });
      spoil(file);
      // The first is found without any other reason to look.
      if (how !== 'removed') pending += 1;
      if (how !== 'removed') await slave.stock(`lamp-${pending}`);
      await until(async () => isTrue(await slave.statusFile(), file, pending));
    }
    const copies = readdirSync(join(slave.storagePath, 'app')).filter((n) =>
      n.includes('.corrupt-'),
    );
    expect(copies.length).toBeLessThanOrEqual(3);
    expect(await slave.json('sync:status')).toMatchObject({ pending_records: pending });
  });

  it('F52 a link in its place is replaced, not followed', async () => {
    const { slave } = await openShop({ SYNC_ENABLED: 'false' });
    await slave.startDaemon();
    const elsewhere = join(slave.storagePath, 'elsewhere.json');
    writeFileSync(elsewhere, 'mine');
    rmSync(fileOf(slave));
    symlinkSync(elsewhere, fileOf(slave));
    await slave.stock('lamp');
    await slave.shows({ pending_records: 1 });
    expect(lstatSync(fileOf(slave)).isFile()).toBe(true);
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
  });

  it('F52 where it cannot be written, one line warns and the sync goes on', async () => {
    const { proxy, slave } = await openShop({ SYNC_INTERVAL: '0.1' });
    rmSync(join(slave.storagePath, 'app'), { recursive: true, force: true });
    writeFileSync(join(slave.storagePath, 'app'), 'in the way');
    const daemon = slave.start('start');
    await until(() => Promise.resolve(proxy.requests.some((r) => r.url.includes('/acknowledge'))));
    await slave.stock('lamp');
    await until(async () => (await slave.outboxCount()) === 0);
    expect(await slave.json('sync:status')).toMatchObject({ exitCode: 0, pending_records: 0 });
    const warnings = daemon.stderr
      .split('\n')
      .filter((line) => line.includes('the status file cannot'));
    expect(warnings).toHaveLength(1);
    expect(await daemon.stop('SIGTERM')).toMatchObject({ exitCode: 0 });
  });

  it.skipIf(process.getuid?.() === 0)('F52 goes on beside a read-only folder', async () => {
    const { slave } = await openShop();
    mkdirSync(join(slave.storagePath, 'app'), { recursive: true });
    chmodSync(join(slave.storagePath, 'app'), 0o555);
    await slave.stock('lamp');
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    expect(existsSync(fileOf(slave))).toBe(false);
    chmodSync(join(slave.storagePath, 'app'), 0o755);
  });
});

/** The file is one again and tells the truth. */
function isTrue(
  content: Readonly<Record<string, unknown>> | null,
  file: string,
  expected: number,
): boolean {
  if (content === null || !lstatSync(file).isFile()) return false;
  const { pending_records: pending, status, last_error: error, slave } = content;
  const isOurs = slave === 'till-1' && content['last_synced_at'] === null;
  return pending === expected && status === 'disabled' && error === null && isOurs;
}
