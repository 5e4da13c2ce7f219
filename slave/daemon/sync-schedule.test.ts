import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import { nextTurnMs, SyncSchedule, turnOffsetMs } from './sync-schedule.ts';

const INTERVAL = 5 * 60_000;
const START = Date.parse('2026-03-01T12:01:00.000Z');

/** A schedule on clocks that the test moves; the timer follows the wall clock as node-schedule does. */
class World {
  wall = START;
  monotonic = 1000;
  asked = 0;
  isTimerBroken = false;
  #job: { at: number; action: () => void } | null = null;
  readonly schedule = new SyncSchedule({
    clock: {
      nowIso: () => new Date(this.wall).toISOString(),
      nowMs: () => this.wall,
      monotonicMs: () => this.monotonic,
    },
    log: silentLogger,
    timer: (at, action) => {
      if (at.getTime() <= this.wall) return null;
      const job = { at: at.getTime(), action };
      this.#job = job;
      return {
        cancel: () => {
          if (this.#job === job) this.#job = null;
        },
      };
    },
    intervalMs: INTERVAL,
    offsetMs: 30_000,
    request: () => {
      this.asked += 1;
    },
  });

  /** Lets time pass in steps of a second, watchdog included. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.wall += 1000;
      this.monotonic += 1000;
      const job = this.#job;
      if (job !== null && !this.isTimerBroken && this.wall >= job.at) {
        this.#job = null;
        job.action();
      }
      this.schedule.check();
    }
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

describe('the schedule', () => {
  it("asks at the slave's turn in the interval, once", () => {
    const world = new World();
    world.schedule.plan(null);
    world.pass(4 * 60 + 29); // the turn is at 12:05:30
    expect(world.asked).toBe(0);
    world.pass(1);
    expect(world.asked).toBe(1);
    world.pass(600);
    expect(world.asked).toBe(1); // nothing overlaps: the next is planned when the cycle has ended
  });

  it('BACK1 asks at the next attempt, earlier or later than the turn', () => {
    const world = new World();
    world.schedule.plan(iso(START + 10_000));
    world.pass(10);
    expect(world.asked).toBe(1);
    world.schedule.plan(iso(world.wall + 12 * 60_000));
    world.pass(12 * 60 - 1);
    expect(world.asked).toBe(1);
    world.pass(1);
    expect(world.asked).toBe(2);
  });

  it('does not turn in circles over an attempt that is past', () => {
    const world = new World();
    world.schedule.plan(iso(START - 1000));
    world.pass(60);
    expect(world.asked).toBe(0);
  });

  it('P11 takes an attempt that lies absurdly far off for a clock that jumped', () => {
    const world = new World();
    world.schedule.plan(iso(START + 24 * 3_600_000));
    world.pass(300);
    expect(world.asked).toBe(1);
  });

  it('T12 F36 asks in time after the clock went back an hour, or a day', () => {
    for (const jump of [3_600_000, 24 * 3_600_000]) {
      const world = new World();
      world.schedule.plan(null);
      world.wall -= jump;
      world.pass(271);
      expect(world.asked).toBe(1);
    }
  });

  it('F36 F39 asks once after the clock went forward, or the machine slept', () => {
    const world = new World();
    world.schedule.plan(null);
    world.wall += 24 * 3_600_000;
    world.pass(1);
    expect(world.asked).toBe(1);
    world.pass(600);
    expect(world.asked).toBe(1);
  });

  it('keeps the turn after a small step forward', () => {
    const world = new World();
    world.schedule.plan(null);
    world.wall += 60_000;
    world.pass(3 * 60 + 29);
    expect(world.asked).toBe(0);
    world.pass(1);
    expect(world.asked).toBe(1);
  });

  it('T12 asks by itself where the timer lost its job', () => {
    const world = new World();
    world.isTimerBroken = true;
    world.schedule.plan(null);
    world.pass(4 * 60 + 30 + 6);
    expect(world.asked).toBe(1);
  });

  it('asks no more once it is stopped', () => {
    const world = new World();
    world.schedule.plan(null);
    world.schedule.stop();
    world.wall += 24 * 3_600_000;
    world.pass(600);
    expect(world.asked).toBe(0);
  });
});

describe("a slave's turn", () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  it('is within the interval, the same each time, and spread over a fleet', () => {
    const turns = Array.from({ length: 500 }, (_, index) =>
      turnOffsetMs(`shop-${index}`, INTERVAL, sha256),
    );
    expect(turns).toEqual(
      Array.from({ length: 500 }, (_, index) => turnOffsetMs(`shop-${index}`, INTERVAL, sha256)),
    );
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...turns)).toBeLessThan(INTERVAL);
    const perMinute = Array.from(
      { length: 5 },
      (_, minute) => turns.filter((turn) => Math.floor(turn / 60_000) === minute).length,
    );
    expect(Math.min(...perMinute)).toBeGreaterThan(60);
  });

  it('comes after now, at most one interval away', () => {
    for (const now of [0, START, START + 29_999, START + 30_000, START + 30_001]) {
      const turn = nextTurnMs(now, INTERVAL, 30_000);
      expect(turn).toBeGreaterThan(now);
      expect(turn - now).toBeLessThanOrEqual(INTERVAL);
      expect((turn - 30_000) % INTERVAL).toBe(0);
    }
  });
});
