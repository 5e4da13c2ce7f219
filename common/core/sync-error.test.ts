import { describe, expect, it } from 'vitest';
import { errorCodes } from './error-codes.ts';
import { isErrorCode, SyncError, toSyncError } from './sync-error.ts';

describe('SyncError', () => {
  it('takes hint, retry and exit code from its code', () => {
    const error = new SyncError('storage_busy', 'the database is held');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'SyncError',
      code: 'storage_busy',
      message: 'the database is held',
      hint: errorCodes.storage_busy.remedy,
      retryable: true,
      details: {},
      retryAfterMs: undefined,
    });
    expect(error.definition).toBe(errorCodes.storage_busy);
    expect(error.cause).toBeUndefined();
  });

  it('keeps what it is given beside its code', () => {
    const cause = new Error('below');
    const options = { hint: 'wait', details: { expected_op: 4 }, retryAfterMs: 500, cause };
    expect(new SyncError('sequence_gap', 'm', options)).toMatchObject({
      ...options,
      retryable: false,
    });
  });
});

describe('toSyncError', () => {
  it('leaves a SyncError as it is', () => {
    const error = new SyncError('sync_disabled', 'off');
    expect(toSyncError(error)).toBe(error);
  });

  it.each([
    [new TypeError('boom'), 'boom'],
    ['text', 'text'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('makes an internal error of %j and keeps it as the cause', (thrown, message) => {
    const error = toSyncError(thrown);
    expect(error).toMatchObject({ code: 'internal_error', message });
    expect(error.cause).toBe(thrown);
  });
});

describe('isErrorCode', () => {
  it('knows our codes, and nothing that every object has', () => {
    expect(Object.keys(errorCodes).every(isErrorCode)).toBe(true);
    for (const text of ['toString', 'constructor', '__proto__', '', 'AUTH_REQUIRED', 5, null]) {
      expect(isErrorCode(text)).toBe(false);
    }
  });
});
