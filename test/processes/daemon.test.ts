import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askDaemon } from '../harness/ask-daemon.ts';
import { expectConverged } from '../harness/contents.ts';
import { until } from '../harness/processes.ts';
import { openShop, reopen } from '../harness/shop.ts';

const SHIFTED_CLOCK = fileURLToPath(new URL('../harness/shifted-clock.ts', import.meta.url));
const DAY_MS = 86_400_000;

describe('slave start', { timeout: 120_000 }, () => {
  it('P10 syncs at start and at its interval, and gets going again after the master was away', async () => {
    const shop = await openShop({ SYNC_INTERVAL: '0.1' });
    const { master, slave } = shop;
    await slave.stock('before');
    await slave.startDaemon();
    await slave.isSynced();
    await slave.stock('at-interval');
    await slave.isSynced();
    await shop.serving.running.stop('SIGKILL');
    await slave.stock('while-away');
    await slave.shows({ status: 'failed', pending_records: 1 });
    expect((await slave.statusFile())?.['next_attempt_at']).not.toBeNull();
    await reopen(shop);
    await slave.isSynced();
    expect(await slave.statusFile()).toMatchObject({ retry_count: 0, last_error: null });
    await expectConverged(master, slave);
  });

  it('P16 ends within a running sync, by each signal, with exit code 0', async () => {
    const { proxy, slave } = await openShop({ SYNC_ENABLED: 'false' });
    await slave.stock('lamp');
    proxy.script(() => ({ kind: 'black-hole' }));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const daemon = await slave.startDaemon();
      const seen = proxy.requests.length;
      const asked = slave.run('sync:run', '--force');
      await until(() => Promise.resolve(proxy.requests.length > seen));
      const startedMs = performance.now();
      expect(await daemon.stop(signal)).toMatchObject({ exitCode: 0, signal: null });
      expect(performance.now() - startedMs).toBeLessThan(10_000);
      expect((await asked).exitCode).not.toBe(0);
      expect(existsSync(join(slave.storagePath, 'slave.sock'))).toBe(false);
      expect(await slave.statusFile()).toMatchObject({ pending_records: 1 });
      expect((await slave.statusFile())?.['status']).not.toBe('running');
    }
    proxy.script(() => undefined);
    expect(await slave.json('sync:run', '--force')).toMatchObject({ exitCode: 0, pending: 0 });
  });

  it('P7 P5 refuses a second daemon, and replaces the socket of a killed one', async () => {
    const { slave } = await openShop();
    const first = await slave.startDaemon();
    await slave.shows({ status: 'success' });
    const second = await slave.run('start');
    expect(second.exitCode).toBe(75);
    expect(second.stderr).toContain(`process ${first.pid}`);
    await first.stop('SIGKILL');
    expect(existsSync(join(slave.storagePath, 'slave.sock'))).toBe(true);
    expect(await slave.json('sync:status')).toMatchObject({ exitCode: 0, daemon: null });
    const third = await slave.startDaemon();
    expect(await slave.json('sync:status')).toMatchObject({ daemon: { pid: third.pid } });
    expect(await slave.json('sync:run', '--force')).toMatchObject({ exitCode: 0 });
  });

  it('SYNC_ENABLED=false captures and answers, and syncs by force only', async () => {
    const { proxy, slave } = await openShop({ SYNC_ENABLED: 'false', SYNC_INTERVAL: '0.1' });
    await slave.startDaemon();
    await slave.stock('lamp');
    await slave.shows({ status: 'disabled', pending_records: 1 });
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 77, code: 'sync_disabled' });
    expect(proxy.requests).toHaveLength(0);
    expect(await slave.json('sync:run', '--force')).toMatchObject({ exitCode: 0, pending: 0 });
    await slave.shows({ status: 'disabled', pending_records: 0 });
  });

  it('pauses, goes on and cancels by its socket', async () => {
    const { proxy, slave } = await openShop();
    await slave.startDaemon();
    await slave.shows({ status: 'success' });
    expect(await askDaemon(slave, { id: 1, command: 'pause' })).toEqual({ id: 1, result: null });
    await slave.stock('lamp');
    await slave.shows({ status: 'disabled', paused: true, pending_records: 1 });
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 77, code: 'sync_disabled' });
    proxy.script(() => ({ kind: 'black-hole' }));
    const seen = proxy.requests.length;
    const forced = slave.json('sync:run', '--force');
    await until(() => Promise.resolve(proxy.requests.length > seen));
    expect(await slave.statusFile()).toMatchObject({ status: 'running' });
    expect(await askDaemon(slave, { id: 'c', command: 'cancel' })).toEqual({
      id: 'c',
      result: null,
    });
    expect(await forced).toMatchObject({ exitCode: 75, outcome: 'cancelled' });
    proxy.script(() => undefined);
    expect(await askDaemon(slave, { id: 2, command: 'resume' })).toEqual({ id: 2, result: null });
    await slave.shows({ status: 'success', paused: false, pending_records: 0 });
  });

  it('tells a sync:run beside it how its sync goes', async () => {
    const { slave } = await openShop();
    await slave.startDaemon();
    await slave.shows({ status: 'success' });
    await slave.stock('lamp', 'chair');
    expect(await slave.json('sync:run', '--force')).toMatchObject({
      exitCode: 0,
      outcome: 'success',
      uploaded: { records: 2, applied: 2 },
      pending: 0,
    });
  });

  it('P11 F36 keeps its schedule and its locks when the clock jumps a day ahead and back', async () => {
    const { master, slave } = await openShop({ SYNC_INTERVAL: '0.1' });
    const file = join(slave.storagePath, 'clock-shift');
    slave.env = {
      ...slave.env,
      CLOCK_SHIFT_FILE: file,
      NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`,
    };
    await slave.startDaemon();
    await slave.shows({ status: 'success' });
    for (const [id, shiftMs] of [
      ['ahead', DAY_MS],
      ['back', -DAY_MS],
      ['long-ago', -20_000 * DAY_MS],
      ['true', 0],
    ] as const) {
      writeFileSync(file, String(shiftMs));
      await slave.stock(id);
      await slave.isSynced();
      const told = Date.parse(String((await slave.statusFile())?.['last_synced_at']));
      expect(Math.abs(told - Date.now() - shiftMs)).toBeLessThan(DAY_MS / 2);
      expect((await slave.run('start')).exitCode).toBe(75);
    }
    await expectConverged(master, slave);
  });
});
