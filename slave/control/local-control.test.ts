import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { emptyReport, type SyncReport } from '../../common/core/sync-report.ts';
import { systemClock } from '../../common/runtime/system-clock.ts';
import type { SlaveStore, SlaveSyncState } from '../../common/storage/slave-store.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { acquireLock } from '../daemon/lock.ts';
import type { SyncRequest } from './control.ts';
import { LocalControl, type ControlEvent } from './local-control.ts';
import { aState } from './status-builders.testkit.ts';
import { readStatusFile, StatusFile, statusFilePath } from './status-file.ts';
import type { SyncEngine } from './sync-engine.ts';

const never = new AbortController().signal;

/** A control with a store that holds only a state and counts, and an engine that the test replaces. */
class Bench {
  readonly storagePath = makeTempDir();
  state: SlaveSyncState = aState();
  pending = 0;
  cycles = 0;
  engine: SyncEngine = {
    cycle: () => {
      this.cycles += 1;
      return Promise.resolve(emptyReport);
    },
    dryRun: () => Promise.reject(new Error('not used')),
    reset: () =>
      Promise.resolve({
        variant: 'status',
        trouble: null,
        pendingKept: 0,
        alreadyAtMaster: 0,
        setAside: 0,
        sentAgain: 0,
        backup: null,
        incarnation: 'inc-1',
      }),
  };
  readonly control = this.anotherControl({});

  anotherControl(overrides: { enabled?: boolean }): LocalControl {
    return new LocalControl({
      engine: {
        cycle: (...values) => this.engine.cycle(...values),
        dryRun: (...values) => this.engine.dryRun(...values),
        reset: (...values) => this.engine.reset(...values),
      },
      store: this.#store(),
      statusFile: new StatusFile({
        storagePath: this.storagePath,
        clock: systemClock,
        log: silentLogger,
      }),
      clock: systemClock,
      log: silentLogger,
      storagePath: this.storagePath,
      command: 'test',
      enabled: true,
      slaveName: 'shop-1',
      masterUrl: 'http://127.0.0.1:1',
      daemon: null,
      ...overrides,
    });
  }

  /** Word and count of the status file. */
  async file(): Promise<string> {
    const content = await readStatusFile(statusFilePath(this.storagePath));
    return `${content?.status ?? 'none'} ${content?.pending_records ?? '-'}`;
  }

  async sync(request: Partial<SyncRequest> = {}, signal: AbortSignal = never): Promise<SyncReport> {
    return await this.control.sync({ force: false, ...request }, () => undefined, signal);
  }

  #store(): SlaveStore {
    const tx = {
      state: () => Promise.resolve(this.state),
      pendingCount: () => Promise.resolve(this.pending),
      rejectedCount: () => Promise.resolve(0),
      tableCounts: () => Promise.resolve([]),
      patchState: (patch: Partial<SlaveSyncState>) => {
        this.state = { ...this.state, ...patch };
        return Promise.resolve();
      },
    };
    const run = (work: (handle: never) => Promise<unknown>): Promise<unknown> => work(tx as never);
    return { read: run, write: run } as unknown as SlaveStore;
  }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof SyncError ? error.code : error),
  );
}

/** An engine's cycle that goes on until the test lets it end. */
function heldCycle(bench: Bench): {
  started: Promise<unknown>;
  end: (report?: SyncReport) => void;
} {
  const started = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<SyncReport>();
  bench.engine = {
    ...bench.engine,
    cycle: (_masterUrl, _onProgress, signal) => {
      started.resolve(undefined);
      signal.addEventListener('abort', () =>
        ended.resolve({ ...emptyReport, outcome: 'cancelled' }),
      );
      return ended.promise;
    },
  };
  return { started: started.promise, end: (report = emptyReport) => ended.resolve(report) };
}

describe('a sync in this process', () => {
  it('P14 shows running while it runs, and afterwards what is true then', async () => {
    const bench = new Bench();
    const cycle = heldCycle(bench);
    bench.pending = 3;
    const sync = bench.sync();
    await cycle.started;
    expect(await bench.file()).toBe('running 3');
    expect((await bench.control.status()).status).toBe('running');
    bench.pending = 0;
    cycle.end();
    await sync;
    expect(await bench.file()).toBe('success 0');
    bench.pending = 1;
    await bench.control.refreshStatusFile('quick');
    expect(await bench.file()).toBe('idle 1');
  });

  it('P7 refuses another one, in this control and in others', async () => {
    const bench = new Bench();
    const cycle = heldCycle(bench);
    const sync = bench.sync();
    await cycle.started;
    expect(await codeOf(bench.sync({ force: true }))).toBe('sync_already_running');
    const other = bench.anotherControl({});
    expect(await codeOf(other.sync({ force: true }, () => undefined, never))).toBe(
      'sync_already_running',
    );
    expect(await codeOf(other.reset('auto', never))).toBe('sync_already_running');
    expect((await other.status()).status).toBe('running');
    cycle.end();
    await sync;
  });

  it('waits for another one when asked to', async () => {
    const bench = new Bench();
    const lock = await acquireLock({
      storagePath: bench.storagePath,
      name: 'sync',
      command: 'other',
      clock: systemClock,
    });
    const sync = bench.sync({ wait: true });
    await lock.release();
    await sync;
    expect(bench.cycles).toBe(1);
  });

  it('stops waiting when it is cancelled', async () => {
    const bench = new Bench();
    const lock = await acquireLock({
      storagePath: bench.storagePath,
      name: 'sync',
      command: 'other',
      clock: systemClock,
    });
    const controller = new AbortController();
    const sync = codeOf(bench.sync({ wait: true }, controller.signal));
    controller.abort();
    expect(await sync).toBe('transport_cancelled');
    await lock.release();
    expect(bench.cycles).toBe(0);
  });

  it('does not begin while disabled, paused or backing off, unless forced; and never in trouble', async () => {
    const bench = new Bench();
    const disabled = bench.anotherControl({ enabled: false });
    expect(await codeOf(disabled.sync({ force: false }, () => undefined, never))).toBe(
      'sync_disabled',
    );
    await disabled.sync({ force: true }, () => undefined, never);
    await bench.control.pause();
    expect(await codeOf(bench.sync())).toBe('sync_disabled');
    expect(await bench.file()).toBe('disabled 0');
    await bench.control.resume();
    bench.state = aState({ nextAttemptAt: new Date(Date.now() + 60_000).toISOString() });
    expect(await codeOf(bench.sync())).toBe('sync_backing_off');
    await bench.sync({ force: true });
    bench.state = aState({ trouble: 'slave_forked' });
    expect(await codeOf(bench.sync({ force: true }))).toBe('slave_forked');
    expect(bench.cycles).toBe(2);
  });

  it('P16 ends with cancel and with close, and leaves the lock free', async () => {
    for (const how of ['cancel', 'close'] as const) {
      const bench = new Bench();
      const cycle = heldCycle(bench);
      const sync = bench.sync();
      await cycle.started;
      await bench.control[how]();
      expect((await sync).outcome).toBe('cancelled');
      await (
        await acquireLock({
          storagePath: bench.storagePath,
          name: 'sync',
          command: 'next',
          clock: systemClock,
        })
      ).release();
    }
  });

  it('frees the lock and tells the truth when the engine throws', async () => {
    const bench = new Bench();
    bench.engine = {
      ...bench.engine,
      cycle: () => Promise.reject(new SyncError('storage_full', 'full')),
    };
    expect(await codeOf(bench.sync())).toBe('storage_full');
    expect(await codeOf(bench.sync())).toBe('storage_full');
    expect(await bench.file()).toBe('success 0');
  });

  it('tells watchers what happens', async () => {
    const bench = new Bench();
    const events: ControlEvent['kind'][] = [];
    const unwatch = bench.control.watch((event) => events.push(event.kind));
    bench.engine = {
      ...bench.engine,
      cycle: (_masterUrl, onProgress) => {
        onProgress({ kind: 'phase', phase: 'upload' });
        return Promise.resolve(emptyReport);
      },
    };
    await bench.sync();
    await bench.control.reset('auto', never);
    unwatch();
    await bench.control.pause();
    expect(events).toEqual(['started', 'progress', 'ended', 'changed']);
  });
});
