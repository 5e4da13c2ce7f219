import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import { SyncError, toSyncError } from '../../common/core/sync-error.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import { sleep } from '../../common/runtime/sleep.ts';
import type { SlaveStore, TableCounts } from '../../common/storage/slave-store.ts';
import { acquireLock, isLocked, type Lock } from '../daemon/lock.ts';
import { mayRun } from '../sync/attempt.ts';
import type { DryRunReport } from '../sync/dry-run.ts';
import type { ProgressEvent } from '../sync/progress.ts';
import type { ResetReport, ResetVariant } from '../sync/reset.ts';
import type { SlaveControl, SlaveStatus, SyncRequest } from './control.ts';
import { projectStatus } from './project-status.ts';
import type { StatusFile } from './status-file.ts';
import type { SyncEngine } from './sync-engine.ts';

/** What a control in this process works with. */
export interface LocalControlDeps {
  readonly engine: SyncEngine;
  readonly store: SlaveStore;
  readonly statusFile: StatusFile;
  readonly clock: Clock;
  readonly log: Logger;
  /** `STORAGE_PATH`. */
  readonly storagePath: string;
  /** Command that is shown to others while this process syncs. */
  readonly command: string;
  /** `SYNC_ENABLED`. */
  readonly enabled: boolean;
  readonly slaveName: string;
  readonly masterUrl: string;
  /** This process, where it is the daemon. */
  readonly daemon: SlaveStatus['daemon'];
}

/** What happens in a control, for whoever watches it. */
export type ControlEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'ended'; readonly report: SyncReport | null }
  | { readonly kind: 'changed'; readonly by: 'reset' | 'pause' | 'resume' };

/** How often a waiting sync looks whether the other has ended. */
const WAIT_STEP_MS = 200;

/** Does the work in this process: takes the lock, runs the engine, keeps the status file. */
export class LocalControl implements SlaveControl {
  readonly attached = false;
  readonly #deps: LocalControlDeps;
  readonly #listeners = new Set<(event: ControlEvent) => void>();
  readonly #closing = new AbortController();
  #running: { readonly controller: AbortController; readonly done: Promise<unknown> } | null = null;
  #tables: readonly TableCounts[] = [];

  constructor(deps: LocalControlDeps) {
    this.#deps = deps;
  }

  /** Calls `listener` for everything that happens here; the result ends that. */
  watch(listener: (event: ControlEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async status(): Promise<SlaveStatus> {
    const status = await this.#read('full');
    await this.#deps.statusFile.update(status);
    return status;
  }

  /** Brings the status file up to date; `quick` leaves out the counts of whole tables. Failures are logged. */
  async refreshStatusFile(depth: 'full' | 'quick'): Promise<void> {
    try {
      await this.#deps.statusFile.update(await this.#read(depth));
    } catch (thrown) {
      this.#deps.log.warn('the status cannot be read', { error: toSyncError(thrown) });
    }
  }

  async sync(
    request: SyncRequest,
    onProgress: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<SyncReport> {
    // Asked before the lock is taken as well, so that what may not run does not look as if it did.
    await this.#checkAttempt(request);
    return await this.#exclusively(request.wait === true, signal, async (ownSignal) => {
      await this.#checkAttempt(request);
      let report: SyncReport | null = null;
      this.#tell({ kind: 'started' });
      await this.refreshStatusFile('quick');
      try {
        const progress = (event: ProgressEvent): void => {
          onProgress(event);
          this.#tell({ kind: 'progress', event });
        };
        report = await this.#deps.engine.cycle(request.masterUrl, progress, ownSignal);
        return report;
      } finally {
        this.#tell({ kind: 'ended', report });
      }
    });
  }

  async dryRun(masterUrl: string | undefined, signal: AbortSignal): Promise<DryRunReport> {
    return await this.#deps.engine.dryRun(
      masterUrl,
      AbortSignal.any([signal, this.#closing.signal]),
    );
  }

  async reset(variant: ResetVariant | 'auto', signal: AbortSignal): Promise<ResetReport> {
    const report = await this.#exclusively(false, signal, (own) =>
      this.#deps.engine.reset(variant, own),
    );
    this.#tell({ kind: 'changed', by: 'reset' });
    return report;
  }

  async pause(): Promise<void> {
    await this.#setPaused(true);
  }

  async resume(): Promise<void> {
    await this.#setPaused(false);
  }

  async cancel(): Promise<void> {
    this.#running?.controller.abort(cancelled());
    await this.#running?.done;
  }

  /** Ends what runs here after its present step; the store stays open, since others may use it. */
  async close(): Promise<void> {
    this.#closing.abort(cancelled());
    await this.#running?.done;
  }

  async #checkAttempt({ force }: SyncRequest): Promise<void> {
    const { store, enabled, clock } = this.#deps;
    const state = await store.read((tx) => tx.state());
    const verdict = mayRun(state, { force, enabled, nowMs: clock.nowMs() });
    if (!verdict.run) throw verdict.error;
  }

  async #setPaused(paused: boolean): Promise<void> {
    await this.#deps.store.write((tx) => tx.patchState({ paused }));
    this.#tell({ kind: 'changed', by: paused ? 'pause' : 'resume' });
    await this.refreshStatusFile('quick');
  }

  /** Runs `work` under the lock; afterwards the status file tells what is true then (P14). */
  async #exclusively<T>(
    wait: boolean,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const own = AbortSignal.any([signal, this.#closing.signal, controller.signal]);
    const lock = await this.#takeLock(wait, own);
    const done = Promise.withResolvers<undefined>();
    this.#running = { controller, done: done.promise };
    try {
      return await work(own);
    } finally {
      this.#running = null;
      await lock.release();
      await this.refreshStatusFile('full');
      done.resolve(undefined);
    }
  }

  async #takeLock(wait: boolean, signal: AbortSignal): Promise<Lock> {
    const { storagePath, command, clock } = this.#deps;
    for (;;) {
      if (signal.aborted) throw cancelled();
      try {
        return await acquireLock({ storagePath, name: 'sync', command, clock });
      } catch (thrown) {
        if (!wait || toSyncError(thrown).code !== 'sync_already_running') throw thrown;
      }
      // An abort ends the wait early; it is seen at the top of the loop.
      await sleep(WAIT_STEP_MS, signal).catch(() => undefined);
    }
  }

  async #read(depth: 'full' | 'quick'): Promise<SlaveStatus> {
    const { store, storagePath, enabled, slaveName, masterUrl, daemon } = this.#deps;
    const running = this.#running !== null || (await isLocked(storagePath, 'sync'));
    const facts = await store.read(async (tx) => {
      if (depth === 'full') this.#tables = await tx.tableCounts();
      return {
        state: await tx.state(),
        pendingRecords: await tx.pendingCount(),
        rejectedRecords: await tx.rejectedCount(),
      };
    });
    return projectStatus({
      ...facts,
      tables: this.#tables,
      running,
      enabled,
      slaveName,
      masterUrl,
      daemon,
    });
  }

  #tell(event: ControlEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function cancelled(): SyncError {
  return new SyncError('transport_cancelled', 'the sync was stopped before it ended');
}
