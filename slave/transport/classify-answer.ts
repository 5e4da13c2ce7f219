import {
  errorCodes,
  type ErrorCode,
  type ErrorCodeDefinition,
} from '../../common/core/error-codes.ts';
import { safeText } from '../../common/core/safe-text.ts';
import { isErrorCode, SyncError, type SyncErrorOptions } from '../../common/core/sync-error.ts';
import { problemSchema, type Problem } from '../../common/protocol/problem.ts';
import { limited } from './retry-after.ts';

/** What is known of an answer before its body is read for what it says. */
export interface AnswerHead {
  readonly status: number;
  /** `Sync-Epoch`; its absence means that something else than a master answered (rule WIRE4). */
  readonly epoch: string | undefined;
  readonly contentType: string | undefined;
  readonly requestId: string | undefined;
  /** From `Retry-After`, already cut to what is honoured. */
  readonly retryAfterMs: number | undefined;
  /** Address without user, password and query. */
  readonly target: string;
}

const MAX_DETAIL_LENGTH = 300;

/** Codes of single statuses from things that stand before a master (F27, F28, F29). */
const PROXY_CODES: Readonly<Record<number, ErrorCode>> = {
  408: 'transport_master_error',
  413: 'body_too_large',
  425: 'transport_master_error',
  429: 'protocol_rate_limited',
  500: 'transport_master_error',
  502: 'transport_master_error',
  503: 'protocol_busy',
  504: 'transport_master_error',
};

/** Codes for a master's answers whose own code we do not know. */
const MASTER_CODES: Readonly<Record<number, ErrorCode>> = {
  ...PROXY_CODES,
  401: 'auth_invalid',
  403: 'auth_invalid',
  404: 'protocol_not_found',
  405: 'protocol_method_not_allowed',
  410: 'cursor_expired',
  415: 'protocol_unsupported_media_type',
  426: 'protocol_version',
  507: 'transport_master_error',
};

/**
 * Says why an answer is not one that may be read, judging by its head alone; nothing when it may:
 * a master's answer with a JSON body of its own.
 */
export function refuseHead(head: AnswerHead): SyncError | undefined {
  const { status, target } = head;
  if (status >= 300 && status < 400) {
    return new SyncError(
      'transport_redirect_refused',
      `${target} answered ${status}, a redirect`,
      options(head),
    );
  }
  if (head.epoch === undefined || head.epoch === '') return notAMaster(head);
  if (!isJson(head.contentType)) {
    if (status >= 400)
      return new SyncError(codeOf(status), `${target} answered ${status}`, options(head));
    const type = safeText(head.contentType ?? 'none', 80);
    return new SyncError(
      'transport_invalid_answer',
      `${target} answered ${status} with content type ${type}, not JSON`,
      options(head),
    );
  }
  return undefined;
}

/**
 * Turns a master's problem body into the error it names.
 *
 * @param body parsed JSON, whatever it is.
 */
export function readProblem(head: AnswerHead, body: unknown): SyncError {
  const parsed = problemSchema.safeParse(body);
  if (!parsed.success)
    return new SyncError(
      codeOf(head.status),
      `${head.target} answered ${head.status}`,
      options(head),
    );
  const problem = parsed.data;
  const code = codeOfProblem(head.status, problem);
  const detail = safeText(
    problem.detail === '' ? problem.title : problem.detail,
    MAX_DETAIL_LENGTH,
  );
  const message =
    code === problem.code
      ? detail
      : `${head.target} answered ${head.status} ${safeText(problem.code, 64)}: ${detail}`;
  return new SyncError(code, message, problemOptions(head, problem));
}

/** `Content-Type` is `application/json` or `application/problem+json`, in UTF-8. */
function isJson(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'application/json' && type !== 'application/problem+json') return false;
  return parameters.every(
    (parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter),
  );
}

function notAMaster(head: AnswerHead): SyncError {
  const { status, target } = head;
  const code = PROXY_CODES[status];
  if (code !== undefined) {
    return new SyncError(
      code,
      `something before the master at ${target} answered ${status}`,
      options(head),
    );
  }
  const hint = HINTS[status];
  return new SyncError(
    'transport_not_a_master',
    `${target} answered ${status}, but not as a master does`,
    {
      ...options(head),
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Something before the master asks for a login of its own: sign in to the network, or mend MASTER_URL.',
  404: 'Check MASTER_URL: it is the address before /api/sync.',
  407: 'A proxy asks for a login. Slaves use no proxy: let this machine reach the master directly.',
  511: 'The network wants a sign-in: open a browser and sign in.',
};

/** A master's own storage or program fault is not ours: its code would send people to the wrong machine. */
function codeOfProblem(status: number, problem: Problem): ErrorCode {
  const { code } = problem;
  if (!isErrorCode(code)) return codeOf(status);
  const definition: ErrorCodeDefinition = errorCodes[code];
  if (definition.status === undefined) return codeOf(status);
  return /^(storage_|internal_|schema_)/.test(code) ? 'transport_master_error' : code;
}

function codeOf(status: number): ErrorCode {
  const code = MASTER_CODES[status];
  if (code !== undefined) return code;
  return status >= 500 ? 'transport_master_error' : 'transport_invalid_answer';
}

function problemOptions(head: AnswerHead, problem: Problem): SyncErrorOptions {
  const base = options(head);
  const own = problem.retryAfterMs;
  const retryAfterMs = base.retryAfterMs ?? (own === undefined ? undefined : limited(own));
  return {
    details: {
      ...scalars(problem.details),
      ...base.details,
      masterCode: safeText(problem.code, 64),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function options(head: AnswerHead): SyncErrorOptions {
  const requestId = head.requestId === undefined ? {} : { requestId: safeText(head.requestId, 64) };
  return {
    details: { status: head.status, ...requestId },
    ...(head.retryAfterMs === undefined ? {} : { retryAfterMs: head.retryAfterMs }),
  };
}

/** Only numbers, booleans and short texts of a problem's details go on. */
function scalars(details: Problem['details']): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(details ?? {}).slice(0, 20)) {
    if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
    if (typeof value === 'string') kept[name] = safeText(value, MAX_DETAIL_LENGTH);
  }
  return kept;
}
