import { scheduleJob } from 'node-schedule';
import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import { toSyncError } from '../../common/core/sync-error.ts';
import type { Lifecycle } from '../../common/runtime/lifecycle.ts';
import type { SlaveStore } from '../../common/storage/slave-store.ts';
import type { ControlEvent, LocalControl } from '../control/local-control.ts';
import { ControlServer, type RequestHandler } from './control-server.ts';
import { StatusProjector } from './status-projector.ts';
import { SyncSchedule, type JobTimer } from './sync-schedule.ts';

/** What a daemon consists of; everything is open already, and the daemon's lock is held. */
export interface DaemonDeps {
  readonly control: LocalControl;
  readonly store: SlaveStore;
  readonly handle: RequestHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly socketPath: string;
  readonly databaseFile: string;
  readonly intervalMs: number;
  readonly offsetMs: number;
  /** Called once, when the socket answers and the first sync was asked for. */
  readonly onReady: () => void;
  /** The timer of the schedule; node-schedule by default. */
  readonly timer?: JobTimer;
}

const WATCHDOG_MS = 1000;

/** Syncs at start and then by schedule, answers on the socket, keeps the status file; until a stop is asked for. */
export async function runDaemon(deps: DaemonDeps): Promise<void> {
  const { control, log, lifecycle, intervalMs } = deps;
  // Stopped in reverse: first nothing new begins, last the socket closes, so that answers still get out.
  const server = new ControlServer({ socketPath: deps.socketPath, handle: deps.handle, log });
  await server.start();
  lifecycle.onStop('control socket', () => server.stop());

  const projector = new StatusProjector({
    databaseFile: deps.databaseFile,
    refresh: (depth) => control.refreshStatusFile(depth),
    log,
  });
  await control.refreshStatusFile('full');
  projector.start();
  lifecycle.onStop('status file', () => projector.stop());
  lifecycle.onStop('sync', () => control.close());

  const schedule = startSchedule(deps);
  lifecycle.onStop('schedule', () => schedule.stop());

  log.info('the daemon runs', { intervalMs, socket: deps.socketPath });
  deps.onReady();
  await lifecycle.stopRequested();
  log.info('the daemon stops');
}

function startSchedule(deps: DaemonDeps): { stop(): void } {
  const { control, clock, log, intervalMs, offsetMs } = deps;
  const timer = deps.timer ?? nodeScheduleTimer;
  const schedule: SyncSchedule = new SyncSchedule({
    clock,
    log,
    timer,
    intervalMs,
    offsetMs,
    request: () => void cycle(),
  });
  const cycle = async (): Promise<void> => {
    await syncBySchedule(deps);
    await plan();
  };
  const plan = async (): Promise<void> => {
    if (!deps.lifecycle.signal.aborted) schedule.plan(await nextAttemptAt(deps));
  };
  const unwatch = control.watch((event) => {
    const answer = afterEvent(event);
    if (answer === 'sync') schedule.runNow();
    if (answer === 'plan') void plan(); // reads the state and cannot reject
  });
  const watchdog = setInterval(() => schedule.check(), WATCHDOG_MS);
  schedule.runNow();
  return {
    stop: () => {
      clearInterval(watchdog);
      unwatch();
      schedule.stop();
    },
  };
}

/** A cycle by hand moves the next turn; after a reset or a resume there is something to do at once. */
function afterEvent(event: ControlEvent): 'sync' | 'plan' | 'nothing' {
  if (event.kind === 'changed') return event.by === 'pause' ? 'nothing' : 'sync';
  return event.kind === 'ended' ? 'plan' : 'nothing';
}

/** One cycle; what comes of it is in the log and in the state. Never rejects. */
async function syncBySchedule({ control, log, lifecycle }: DaemonDeps): Promise<void> {
  try {
    await control.sync({ force: false }, () => undefined, lifecycle.signal);
  } catch (thrown) {
    const error = toSyncError(thrown);
    const isExpected = [
      'sync_disabled',
      'sync_backing_off',
      'sync_already_running',
      'transport_cancelled',
    ].includes(error.code);
    log[isExpected ? 'debug' : 'warn']('no sync was begun', { error });
  }
}

async function nextAttemptAt({ store, log }: DaemonDeps): Promise<string | null> {
  try {
    return (await store.read((tx) => tx.state())).nextAttemptAt;
  } catch (thrown) {
    log.warn('the state cannot be read', { error: toSyncError(thrown) });
    return null;
  }
}

const nodeScheduleTimer: JobTimer = (at, action) => {
  const job = scheduleJob(at, action);
  // It answers null, against its types, for a time that has passed.
  return (job as typeof job | null) === null ? null : { cancel: () => void job.cancel() };
};
