import { describe, expect, it } from 'vitest';
import { expectConverged } from '../harness/contents.ts';
import { until } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';

const ONE_SHOTS = 10;

describe('one sync at a time', { timeout: 120_000 }, () => {
  it('P7 S45 daemon and one-shots started together never have two requests under way', async () => {
    const { master, proxy, slave } = await openShop();
    await slave.stock('lamp', 'chair', 'table');
    proxy.script(() => ({ kind: 'delay', ms: 60 }));
    const daemon = slave.start('start', '--interval=0.1');
    const shots = await Promise.all(
      Array.from({ length: ONE_SHOTS }, () => slave.json('sync:run', '--force')),
    );
    for (const shot of shots) {
      expect([0, 75]).toContain(shot.exitCode);
      if (shot.exitCode === 75) expect(shot['code']).toBe('sync_already_running');
    }
    await slave.shows({ daemon_pid: daemon.pid, status: 'success' });
    // Beside a daemon they ask it, and wait there.
    const beside = await Promise.all(
      Array.from({ length: 3 }, () => slave.json('sync:run', '--force', '--wait')),
    );
    expect(beside.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(proxy.peakUnderWay).toBe(1);
    await expectConverged(master, slave);
  });

  it('P7 F54 kill -9 of the holder frees the lock at once', async () => {
    const { proxy, slave } = await openShop();
    await slave.stock('lamp');
    proxy.script((request) => (request.index === 0 ? { kind: 'black-hole' } : undefined));
    const holder = slave.start('sync:run');
    await until(() => Promise.resolve(proxy.requests.length === 1));
    expect(await slave.json('sync:run')).toMatchObject({
      exitCode: 75,
      code: 'sync_already_running',
    });
    await holder.stop('SIGKILL');
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
  });

  it('P7 F54 a stopped holder keeps the lock, and is named', async () => {
    const { proxy, slave } = await openShop();
    await slave.stock('lamp');
    proxy.script((request) => (request.index === 0 ? { kind: 'delay', ms: 300 } : undefined));
    const holder = slave.start('sync:run');
    await until(() => Promise.resolve(proxy.requests.length === 1));
    holder.child.kill('SIGSTOP');
    const refused = await slave.run('sync:run');
    expect(refused.exitCode).toBe(75);
    expect(refused.stderr).toContain(`process ${holder.pid}`);
    expect(refused.stderr).toContain('sync:run');
    expect(await slave.json('sync:status')).toMatchObject({ exitCode: 0, status: 'running' });
    holder.child.kill('SIGCONT');
    expect(await holder.ended).toMatchObject({ exitCode: 0 });
    expect(await slave.json('sync:status')).toMatchObject({ status: 'success' });
  });

  it('P7 a waiting sync runs when the other has ended', async () => {
    const { proxy, slave } = await openShop();
    await slave.stock('lamp');
    proxy.script((request) => (request.index === 0 ? { kind: 'delay', ms: 500 } : undefined));
    const first = slave.start('sync:run');
    await until(() => Promise.resolve(proxy.requests.length === 1));
    const second = slave.json('sync:run', '--wait');
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    expect(await second).toMatchObject({ exitCode: 0, outcome: 'success' });
    expect(proxy.peakUnderWay).toBe(1);
  });
});
