import { describe, expect, it } from 'vitest';
import { classifyFailure, type ExchangeFailure } from './classify-failure.ts';

const failure = (overrides: Partial<ExchangeFailure>): ExchangeFailure => ({
  reason: 'network',
  connected: false,
  target: 'https://master.example/api/sync/upload',
  ...overrides,
});
const codeOf = (overrides: Partial<ExchangeFailure>): string =>
  classifyFailure(failure(overrides)).code;

describe('a failed exchange', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'ECONNRESET',
    'unknown',
  ])('F16 F31 is unreachable before a connection stood: %s', (systemCode) => {
    expect(codeOf({ systemCode })).toBe('transport_unreachable');
  });

  it.each(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'unknown'])(
    'F18 is interrupted once a connection stood: %s',
    (systemCode) => {
      expect(codeOf({ systemCode, connected: true })).toBe('transport_interrupted');
    },
  );

  it.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'EPROTO',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ])('F32 names TLS as the cause: %s', (systemCode) => {
    const error = classifyFailure(failure({ systemCode }));
    expect(error.code).toBe('transport_tls_refused');
    expect(error.message).toContain(systemCode);
  });

  it('is an invalid answer where HTTP or gzip cannot be parsed', () => {
    expect(codeOf({ systemCode: 'HPE_INVALID_CONSTANT', connected: true })).toBe(
      'transport_invalid_answer',
    );
    expect(codeOf({ systemCode: 'Z_DATA_ERROR', connected: true })).toBe(
      'transport_invalid_answer',
    );
  });

  it('F17 F20 tells our own limits apart and names them', () => {
    expect(classifyFailure(failure({ reason: 'no_connection', limit: 10_000 }))).toMatchObject({
      code: 'transport_unreachable',
      message: 'no connection to https://master.example/api/sync/upload within 10 s',
    });
    expect(codeOf({ reason: 'stalled', limit: 30_000 })).toBe('transport_timeout');
    expect(codeOf({ reason: 'deadline', limit: 120_000 })).toBe('transport_timeout');
    expect(codeOf({ reason: 'too_large', limit: 5 })).toBe('transport_invalid_answer');
    expect(codeOf({ reason: 'cancelled' })).toBe('transport_cancelled');
  });
});
