import { describe, expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('createFakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = createFakeClock('2026-01-31T12:00:00.000Z');
    expect(clock.nowIso()).toBe('2026-01-31T12:00:00.000Z');
    expect(clock.nowMs()).toBe(Date.parse('2026-01-31T12:00:00.000Z'));
    expect(clock.monotonicMs()).toBe(0);
  });

  it('advances both clocks', () => {
    const clock = createFakeClock('2026-01-31T12:00:00.000Z');
    clock.advance(1500);
    expect(clock.nowIso()).toBe('2026-01-31T12:00:01.500Z');
    expect(clock.monotonicMs()).toBe(1500);
  });

  it('P11 jumps the wall clock to either side while the monotonic clock stands', () => {
    const clock = createFakeClock('2026-01-31T12:00:00.000Z');
    clock.advance(10);
    clock.jump(-86_400_000);
    expect(clock.nowIso()).toBe('2026-01-30T12:00:00.010Z');
    clock.jump(2 * 86_400_000);
    expect(clock.nowIso()).toBe('2026-02-01T12:00:00.010Z');
    expect(clock.monotonicMs()).toBe(10);
  });

  it('refuses a start that is no time, and time that passes backwards', () => {
    expect(() => createFakeClock('yesterday')).toThrow('"yesterday" is not an ISO 8601 time');
    expect(() => createFakeClock().advance(-1)).toThrow('use jump');
  });
});
