import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';
import { randomId, uuidV7 } from './random-id.ts';
import { sha256 } from './sha256.ts';
import { settlesWithin, sleep } from './sleep.ts';
import { systemClock } from './system-clock.ts';

describe('sleep', () => {
  it('rejects with the reason of a signal that is aborted already, or later', async () => {
    const reason = new Error('enough');
    await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('settles after its time, zero and less included', async () => {
    const before = systemClock.monotonicMs();
    await sleep(20, new AbortController().signal);
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before + 19);
    await sleep(-5);
  });
});

describe('settlesWithin', () => {
  it('tells whether the work ended in time and passes its error on', async () => {
    expect(await settlesWithin(Promise.resolve(1), 60_000)).toBe(true);
    expect(await settlesWithin(new Promise(() => undefined), 1)).toBe(false);
    await expect(settlesWithin(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow(
      'broken',
    );
  });
});

describe('ids and digests', () => {
  it('makes 128-bit ids that differ', () => {
    expect(randomId()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomId()).not.toBe(randomId());
  });

  it('makes UUIDv7 that sort in the order they were made', () => {
    const ids = Array.from({ length: 100 }, () => uuidV7());
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('gives the SHA-256 of the UTF-8 bytes', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
  });
});

describe('nearestName', () => {
  it('finds what a mistyped name means, and nothing for foreign names', () => {
    const known = ['SYNC_TOKEN', 'SYNC_INTERVAL', 'PORT'];
    expect(nearestName('SYNC_TOKNE', known)).toBe('SYNC_TOKEN');
    expect(nearestName('SYNC_INTERVALL', known)).toBe('SYNC_INTERVAL');
    expect(nearestName('PROT', known)).toBe('PORT');
    expect(nearestName('EDITOR', known)).toBeUndefined();
  });
});

describe('systemClock', () => {
  it('tells ISO time with milliseconds and Z', () => {
    expect(systemClock.nowIso()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(systemClock.nowIso()) - systemClock.nowMs())).toBeLessThan(1000);
  });
});
