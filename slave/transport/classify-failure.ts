import type { ErrorCode } from '../../common/core/error-codes.ts';
import { SyncError } from '../../common/core/sync-error.ts';

/** Why an exchange ended without an answer. */
export interface ExchangeFailure {
  /**
   * `cancelled` by the caller; `no_connection` and `stalled` and `deadline` by our own timers;
   * `too_large` by our limit for answers; `network` by the system, which then gives `systemCode`.
   */
  readonly reason: 'cancelled' | 'no_connection' | 'stalled' | 'deadline' | 'too_large' | 'network';
  /** Code of the system, of OpenSSL or of Node's HTTP parser, such as `ECONNREFUSED`. */
  readonly systemCode?: string;
  /** How long the timer that ended it ran; how many bytes the limit was. */
  readonly limit?: number;
  /** Whether a connection stood when it ended. */
  readonly connected: boolean;
  /** Address without user, password and query. */
  readonly target: string;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENOENT',
  'EINVAL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const MEANING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'no way to that machine',
  ENETUNREACH: 'no network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS as we do',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS; should MASTER_URL begin with http://?',
};

/** Turns the end of an exchange without an answer into the error that says what happened. Pure. */
export function classifyFailure(failure: ExchangeFailure): SyncError {
  const { target, limit } = failure;
  switch (failure.reason) {
    case 'cancelled':
      return new SyncError('transport_cancelled', `the exchange with ${target} was cancelled`);
    case 'no_connection':
      return new SyncError(
        'transport_unreachable',
        `no connection to ${target} within ${seconds(limit)} s`,
      );
    case 'stalled':
      return new SyncError(
        'transport_timeout',
        `no byte to or from ${target} for ${seconds(limit)} s`,
      );
    case 'deadline':
      return new SyncError(
        'transport_timeout',
        `the exchange with ${target} took longer than ${seconds(limit)} s`,
      );
    case 'too_large':
      return new SyncError(
        'transport_invalid_answer',
        `the answer of ${target} is larger than ${String(limit)} bytes`,
      );
    case 'network':
      return networkError(failure);
  }
}

function networkError(failure: ExchangeFailure): SyncError {
  const systemCode = failure.systemCode ?? 'unknown';
  const code = networkCode(systemCode, failure.connected);
  const meaning = MEANING[systemCode];
  const reason = meaning === undefined ? systemCode : `${systemCode}, ${meaning}`;
  return new SyncError(code, `${sentence(code, failure.target)}: ${reason}`, {
    details: { systemCode },
  });
}

function sentence(code: ErrorCode, target: string): string {
  if (code === 'transport_interrupted') return `the connection to ${target} broke`;
  if (code === 'transport_invalid_answer') return `the answer of ${target} cannot be read`;
  return `cannot talk to ${target}`;
}

function networkCode(systemCode: string, connected: boolean): ErrorCode {
  if (isTlsFault(systemCode)) return 'transport_tls_refused';
  if (systemCode.startsWith('HPE_') || systemCode.startsWith('Z_'))
    return 'transport_invalid_answer';
  if (UNREACHABLE.has(systemCode)) return 'transport_unreachable';
  if (systemCode === 'ETIMEDOUT') return connected ? 'transport_timeout' : 'transport_unreachable';
  return connected ? 'transport_interrupted' : 'transport_unreachable';
}

function isTlsFault(systemCode: string): boolean {
  return (
    systemCode === 'EPROTO' ||
    systemCode.startsWith('ERR_TLS_') ||
    systemCode.startsWith('ERR_SSL_') ||
    systemCode.startsWith('CERT_') ||
    systemCode.startsWith('UNABLE_TO_') ||
    systemCode.includes('SELF_SIGNED') ||
    systemCode === 'HOSTNAME_MISMATCH'
  );
}

function seconds(limitMs: number | undefined): string {
  return String(Math.round((limitMs ?? 0) / 100) / 10);
}
