import type { Clock } from '../core/clock.ts';
import { SyncError } from '../core/sync-error.ts';
import { settlesWithin, sleep } from './sleep.ts';

/** Stops one thing; must not need anything that was started after it. */
export type StopFunction = () => void | Promise<void>;

/** Something that went wrong while stopping. */
export interface StopFault {
  readonly name: string;
  /** Absent: it did not stop in time. */
  readonly error?: unknown;
}

/** Owns what a program has started; stops it in reverse order, within one deadline (P16). */
export interface Lifecycle {
  /** Aborted with a SyncError `transport_cancelled` as soon as stopping is asked for. */
  readonly signal: AbortSignal;
  /** Registers what must be stopped; call it right after each start. */
  onStop(name: string, stop: StopFunction): void;
  /** Asks for a stop and returns at once; the first reason counts. */
  requestStop(reason: string): void;
  /** Settles when stopping has been asked for; a daemon's main function waits here, and the process stays alive for it. */
  stopRequested(): Promise<void>;
  /**
   * Stops everything, the last started first. One that hangs gets half of the time left, so that the rest has its turn.
   * @returns what failed or hung; empty when all stopped. Later calls get the first call's promise.
   */
  stop(): Promise<readonly StopFault[]>;
}

/** What a lifecycle needs. */
export interface LifecycleOptions {
  readonly clock: Clock;
  /** Milliseconds from the request to stop, or from `stop()`, until everything is given up. */
  readonly deadlineMs: number;
}

/** Makes a lifecycle with nothing in it. */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const started: { readonly name: string; readonly stop: StopFunction }[] = [];
  const controller = new AbortController();
  let deadlineAtMs: number | undefined;
  let stopping: Promise<readonly StopFault[]> | undefined;

  const requestStop = (reason: string): void => {
    if (controller.signal.aborted) return;
    deadlineAtMs = options.clock.monotonicMs() + options.deadlineMs;
    controller.abort(new SyncError('transport_cancelled', `Stopped before the end: ${reason}.`));
  };
  const leftMs = (): number => Math.max(0, (deadlineAtMs ?? 0) - options.clock.monotonicMs());
  const stopAll = async (): Promise<readonly StopFault[]> => {
    const faults: StopFault[] = [];
    for (let next = started.pop(); next !== undefined; next = started.pop()) {
      const fault = await stopOne(
        next.name,
        next.stop,
        started.length > 0 ? leftMs() / 2 : leftMs(),
      );
      if (fault !== undefined) faults.push(fault);
    }
    return faults;
  };
  return {
    signal: controller.signal,
    onStop: (name, stop) => void started.push({ name, stop }),
    requestStop,
    stopRequested: () => sleep(Number.MAX_SAFE_INTEGER, controller.signal).catch(() => undefined),
    stop: () => {
      requestStop('the program ends');
      stopping ??= stopAll();
      return stopping;
    },
  };
}

async function stopOne(
  name: string,
  stop: StopFunction,
  limitMs: number,
): Promise<StopFault | undefined> {
  try {
    const isInTime = await settlesWithin(Promise.resolve().then(stop), limitMs);
    return isInTime ? undefined : { name };
  } catch (error) {
    return { name, error };
  }
}
