import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';

/** Fires once at a wall clock time; null where the time has passed. node-schedule in production. */
export type JobTimer = (at: Date, action: () => void) => { cancel(): void } | null;

/** What a schedule works with. */
export interface SyncScheduleDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timer: JobTimer;
  /** `SYNC_INTERVAL`. */
  readonly intervalMs: number;
  /** Where in the interval this slave has its turn, so that a fleet does not come at once. */
  readonly offsetMs: number;
  /** Asked when a cycle is due; must not throw. {@link SyncSchedule.plan} is called when it has ended. */
  readonly request: () => void;
}

/** Wall and monotonic clock may part by this much before the wall clock is taken to have jumped. */
const MAX_DRIFT_MS = 5000;
/** A job this late did not fire: the timer lost it (trap T12). */
const MAX_LATE_MS = 5000;
/** A retry further off than the longest backoff was planned before the clock jumped (P11). */
const MAX_RETRY_WAIT_MS = 15 * 60_000;

/**
 * Decides when the next cycle is due and asks for it. The timer follows the wall clock and may lose jobs when that
 * jumps; a watchdog on the monotonic clock plans them anew, or asks itself where one was lost.
 */
export class SyncSchedule {
  readonly #deps: SyncScheduleDeps;
  #job: { cancel(): void } | null = null;
  /** Monotonic time at which the next cycle is due; null while one runs. */
  #dueMs: number | null = null;
  #driftMs = 0;

  constructor(deps: SyncScheduleDeps) {
    this.#deps = deps;
    this.#driftMs = this.#drift();
  }

  /**
   * Plans the next cycle: at `nextAttemptAt` where the last one failed, else at the slave's next turn.
   * What was planned before is forgotten.
   */
  plan(nextAttemptAt: string | null): void {
    const { clock, intervalMs, offsetMs } = this.#deps;
    const nowMs = clock.nowMs();
    const waitMs =
      retryWaitMs(nextAttemptAt, nowMs) ?? nextTurnMs(nowMs, intervalMs, offsetMs) - nowMs;
    this.#arm(waitMs);
  }

  /** Asks for a cycle now. */
  runNow(): void {
    this.#disarm();
    this.#deps.request();
  }

  /** The watchdog's look; to be called about once a second of running time. */
  check(): void {
    const lateMs = this.#dueMs === null ? 0 : this.#deps.clock.monotonicMs() - this.#dueMs;
    const jumpMs = this.#drift() - this.#driftMs;
    if (Math.abs(jumpMs) > MAX_DRIFT_MS) this.#afterJump(jumpMs);
    else if (lateMs > MAX_LATE_MS) this.#fire('the timer did not fire');
  }

  /** Plans nothing more. */
  stop(): void {
    this.#disarm();
  }

  /** Forward, machine sleep included: one cycle at once makes up for all that were missed. Back: the same wait again. */
  #afterJump(jumpMs: number): void {
    this.#driftMs = this.#drift();
    if (this.#dueMs === null) return;
    this.#deps.log.info('the clock jumped; the schedule was planned anew', {
      jumpMs: Math.round(jumpMs),
    });
    const leftMs = this.#dueMs - this.#deps.clock.monotonicMs();
    if (jumpMs >= leftMs) this.#fire('the clock jumped over it');
    else this.#arm(jumpMs > 0 ? leftMs - jumpMs : leftMs);
  }

  #arm(waitMs: number): void {
    const { clock, timer } = this.#deps;
    this.#disarm();
    this.#dueMs = clock.monotonicMs() + waitMs;
    this.#job = timer(new Date(clock.nowMs() + waitMs), () => this.#fire());
    // The timer takes no time that has just passed; the watchdog then asks.
  }

  #fire(reason?: string): void {
    if (reason !== undefined) this.#deps.log.warn('a sync was late', { reason });
    this.runNow();
  }

  #disarm(): void {
    this.#job?.cancel();
    this.#job = null;
    this.#dueMs = null;
  }

  #drift(): number {
    return this.#deps.clock.nowMs() - this.#deps.clock.monotonicMs();
  }
}

/** The first time after `nowMs` at which a slave with this offset has its turn; wall clock milliseconds. */
export function nextTurnMs(nowMs: number, intervalMs: number, offsetMs: number): number {
  const passed = Math.floor((nowMs - offsetMs) / intervalMs);
  return (passed + 1) * intervalMs + offsetMs;
}

/** A slave's turn within the interval, the same after every start: taken from the hash of its name. */
export function turnOffsetMs(
  slaveName: string,
  intervalMs: number,
  sha256: (text: string) => string,
): number {
  return Number.parseInt(sha256(slaveName).slice(0, 12), 16) % Math.round(intervalMs);
}

function retryWaitMs(nextAttemptAt: string | null, nowMs: number): number | undefined {
  if (nextAttemptAt === null) return undefined;
  const waitMs = Date.parse(nextAttemptAt) - nowMs;
  // A time that has passed was used already; taking it again would turn in circles where nothing may run.
  return waitMs > 0 && waitMs <= MAX_RETRY_WAIT_MS ? waitMs : undefined;
}
