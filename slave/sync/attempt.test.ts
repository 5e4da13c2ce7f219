import { expect, it } from 'vitest';
import { mayRun, type AttemptRequest } from './attempt.ts';
import { aState, NOON } from './sync-builders.testkit.ts';

const nowMs = Date.parse(NOON);
const asUsual: AttemptRequest = { force: false, enabled: true, nowMs };

function codeOf(
  state: Parameters<typeof mayRun>[0],
  request: Partial<AttemptRequest> = {},
): string | null {
  const verdict = mayRun(state, { ...asUsual, ...request });
  return verdict.run ? null : verdict.error.code;
}

it('runs when nothing is in the way', () => {
  expect(codeOf(aState())).toBeNull();
});

it('does not run while syncing is disabled or paused, unless forced', () => {
  expect(codeOf(aState(), { enabled: false })).toBe('sync_disabled');
  expect(codeOf(aState({ paused: true }))).toBe('sync_disabled');
  expect(codeOf(aState({ paused: true }), { force: true, enabled: false })).toBeNull();
});

it('BACK1 waits until the next attempt is due, unless forced', () => {
  const state = aState({ nextAttemptAt: '2026-01-31T12:01:00.000Z' });
  expect(codeOf(state)).toBe('sync_backing_off');
  expect(codeOf(state, { force: true })).toBeNull();
  expect(codeOf(state, { nowMs: nowMs + 60_000 })).toBeNull();
});

it('P11 does not wait a day when the clock was set back by a day', () => {
  expect(codeOf(aState({ nextAttemptAt: '2026-02-01T12:01:00.000Z' }))).toBeNull();
});

it('ID5 never runs in a named trouble, forced or not', () => {
  expect(codeOf(aState({ trouble: 'slave_forked' }), { force: true })).toBe('slave_forked');
});
