import { expect, it } from 'vitest';
import { afterFailure, afterSuccess, endsCycle, troubleOf } from './sync-state.ts';

it('ID5 stops on errors that put the identity or the history in question', () => {
  expect(troubleOf('slave_forked')).toBe('slave_forked');
  expect(troubleOf('sequence_gap')).toBe('slave_rewound');
  expect(troubleOf('batch_id_reused')).toBe('slave_rewound');
  expect(troubleOf('cursor_expired')).toBe('cursor_expired');
  expect(troubleOf('transport_timeout')).toBeNull();
});

it('CYCLE1 goes on to the download after an upload that failed on the way', () => {
  expect(endsCycle('transport_timeout')).toBe(false);
  expect(endsCycle('transport_master_error')).toBe(false);
  expect(endsCycle('body_too_large')).toBe(false);
});

it('CYCLE1 ends the cycle when nobody is there, nobody lets us in, or the disk fails', () => {
  for (const code of [
    'transport_unreachable',
    'auth_invalid',
    'epoch_changed',
    'storage_full',
    'protocol_busy',
  ] as const) {
    expect(endsCycle(code)).toBe(true);
  }
});

it('counts failures and forgets them after a success', () => {
  const error = {
    code: 'transport_timeout',
    message: 'm',
    hint: 'h',
    at: '2026-01-01T00:00:00.000Z',
  } as const;
  expect(afterFailure(2, error, null)).toEqual({
    retryCount: 3,
    lastError: error,
    nextAttemptAt: null,
  });
  expect(afterSuccess()).toEqual({ retryCount: 0, lastError: null, nextAttemptAt: null });
});
