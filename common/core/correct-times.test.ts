import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTime } from './canonical-time.ts';
import { clockOffset, correctTimes } from './correct-times.ts';

const NOW = '2026-03-01T12:00:00.000Z';
const anyTime = fc
  .integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })
  .map((millis) => new Date(millis).toISOString());
const minutesBefore = (minutes: number): string =>
  new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

describe('correctTimes', () => {
  it('TIME1 leaves the times of a right clock alone', () => {
    const times = [minutesBefore(50), minutesBefore(40), minutesBefore(0.4)];
    expect(correctTimes(times, NOW, NOW)).toEqual(times);
    expect(correctTimes(times, minutesBefore(0.5), NOW)).toEqual(times);
    expect(correctTimes(times, null, NOW)).toEqual(times);
  });

  it('TIME1 P11 moves the times of a clock that is a day ahead, or behind', () => {
    for (const day of [-1440, 1440]) {
      const times = [minutesBefore(50 + day), minutesBefore(40 + day)];
      expect(correctTimes(times, minutesBefore(day), NOW)).toEqual([
        minutesBefore(50),
        minutesBefore(40),
      ]);
    }
  });

  it('TIME1 B52 lets no time lie in the future', () => {
    const future = '2036-03-01T12:00:00.000Z';
    expect(correctTimes([future], null, NOW)).toEqual([NOW]);
    expect(correctTimes([future], NOW, NOW)).toEqual([NOW]);
  });

  it('TIME1 a clock that jumped back does not put an operation behind the next one', () => {
    const jumped = [minutesBefore(30), minutesBefore(50), minutesBefore(20)];
    expect(correctTimes(jumped, NOW, NOW)).toEqual([
      minutesBefore(50),
      minutesBefore(50),
      minutesBefore(20),
    ]);
  });

  it('TIME1 the oldest time stays the oldest, even where a correction leaves the calendar', () => {
    const first = '0001-01-01T00:00:00.000Z';
    const last = '9999-12-31T23:59:59.999Z';
    expect(correctTimes([first, minutesBefore(0)], '2026-03-02T12:00:00.000Z', NOW)[0]).toBe(first);
    expect(correctTimes([last], first, NOW)).toEqual([NOW]);
  });

  it('TIME1 whatever the clocks say: as many times, in order, none after now, all of them canonical', () => {
    fc.assert(
      fc.property(fc.array(anyTime), fc.option(anyTime), anyTime, (times, sentAt, now) => {
        const corrected = correctTimes(times, sentAt, now);
        expect(corrected).toHaveLength(times.length);
        expect(corrected).toEqual(corrected.toSorted());
        for (const time of corrected) {
          expect(time <= now).toBe(true);
          expect(canonicalTime(time)).toEqual({ ok: true, value: time });
        }
      }),
    );
  });

  it('P11 the offset of a clock makes no difference to rising times', () => {
    const rising = fc
      .uniqueArray(fc.integer({ min: 1, max: 1e9 }), { minLength: 1 })
      .map((ages) => ages.toSorted((a, b) => b - a).map((age) => Date.parse(NOW) - age));
    const offsets = fc.integer({ min: -86_400_000 * 400, max: 86_400_000 * 400 });
    fc.assert(
      fc.property(rising, offsets, (times, offset) => {
        fc.pre(Math.abs(offset) > 30_000);
        const iso = (millis: number): string => new Date(millis).toISOString();
        const skewed = times.map((millis) => iso(millis + offset));
        expect(correctTimes(skewed, iso(Date.parse(NOW) + offset), NOW)).toEqual(times.map(iso));
      }),
    );
  });

  it('changes nothing a second time', () => {
    fc.assert(
      fc.property(fc.array(anyTime), fc.option(anyTime), (times, sentAt) => {
        const once = correctTimes(times, sentAt, NOW);
        expect(correctTimes(once, NOW, NOW)).toEqual(once);
      }),
    );
  });
});

describe('clockOffset', () => {
  it('TIME1 takes up to half a minute for the way of the request', () => {
    expect(clockOffset('2026-03-01T11:59:30.000Z', NOW)).toBe(0);
    expect(clockOffset('2026-03-01T12:00:30.000Z', NOW)).toBe(0);
    expect(clockOffset('2026-03-01T11:59:29.999Z', NOW)).toBe(30_001);
    expect(clockOffset('2026-03-01T13:00:00.000Z', NOW)).toBe(-3_600_000);
  });
});
