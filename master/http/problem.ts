import { errorCodes } from '../../common/core/error-codes.ts';
import { safeText } from '../../common/core/safe-text.ts';
import type { SyncError } from '../../common/core/sync-error.ts';
import type { Problem } from '../../common/protocol/problem.ts';
import type { RequestFault } from './check-envelope.ts';

const MAX_DETAIL_LENGTH = 300;

/** Told where an error does not say it better, so that no slave comes back at once. */
const DEFAULT_RETRY_AFTER_MS = 5000;

/** The error body for what a request met (RFC 9457). Says nothing of the program's inside. */
export function toProblem(error: SyncError, requestId: string): Problem {
  const isInside = isInternal(error);
  const {
    meaning,
    status = 500,
    retryable,
  } = isInside ? errorCodes.internal_error : error.definition;
  const code = isInside ? 'internal_error' : error.code;
  const { errors, ...details }: Readonly<Record<string, unknown>> = isInside ? {} : error.details;
  const retryAfterMs = error.retryAfterMs ?? defaultRetryAfterMs(status);
  return {
    type: `urn:sync:error:${code}`,
    title: meaning,
    status,
    detail: detailOf(error, requestId).slice(0, MAX_DETAIL_LENGTH),
    code,
    requestId,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(Array.isArray(errors)
      ? { errors: (errors as readonly RequestFault[]).map(toSafeFault) }
      : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

function defaultRetryAfterMs(status: number): number | undefined {
  return status === 429 || status === 503 ? DEFAULT_RETRY_AFTER_MS : undefined;
}

/** Codes without a status are not meant for the wire: they come from a fault of the master itself. */
function isInternal(error: SyncError): boolean {
  return error.code === 'internal_error' || error.definition.status === undefined;
}

function detailOf(error: SyncError, requestId: string): string {
  if (isInternal(error)) return `The master's log has the details under ${requestId}.`;
  // A storage message may quote the driver, with addresses and names of files.
  return error.code.startsWith('storage_') ? error.definition.meaning : safeText(error.message);
}

function toSafeFault(fault: RequestFault): RequestFault {
  return {
    pointer: safeText(fault.pointer).slice(0, MAX_DETAIL_LENGTH),
    code: fault.code,
    detail: safeText(fault.detail).slice(0, MAX_DETAIL_LENGTH),
  };
}
