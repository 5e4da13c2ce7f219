import { z } from 'zod';
import type { ErrorCode } from '../../common/core/error-codes.ts';
import { isErrorCode, SyncError, toSyncError } from '../../common/core/sync-error.ts';

/** Longest request line, in characters. */
export const MAX_REQUEST_LENGTH = 64 * 1024;
/** Longest reply line; a dry run of many rows is the longest. */
export const MAX_REPLY_LENGTH = 32 * 1024 * 1024;

const id = z.union([z.string().max(64), z.number()]);
const masterUrl = z.string().max(2048).optional();

/** One request to a daemon, one JSON line. */
export const socketRequestSchema = z.discriminatedUnion('command', [
  z.strictObject({ id, command: z.literal('ping') }),
  z.strictObject({ id, command: z.literal('status') }),
  z.strictObject({
    id,
    command: z.literal('sync'),
    force: z.boolean().default(false),
    masterUrl,
    wait: z.boolean().default(false),
  }),
  z.strictObject({ id, command: z.literal('dry-run'), masterUrl }),
  z.strictObject({
    id,
    command: z.literal('reset'),
    variant: z.enum(['auto', 'status', 'resync', 'enroll']).default('auto'),
  }),
  z.strictObject({ id, command: z.literal('pause') }),
  z.strictObject({ id, command: z.literal('resume') }),
  /** Stops one request of the same connection, or whatever runs. */
  z.strictObject({ id, command: z.literal('cancel'), request: id.optional() }),
  /** Streams log lines and what happens to syncs, until the connection ends. */
  z.strictObject({ id, command: z.literal('subscribe'), logs: z.boolean().default(true) }),
]);
export type SocketRequest = z.infer<typeof socketRequestSchema>;
/** What is written for a request; defaults may be left out. */
export type SocketRequestInput = z.input<typeof socketRequestSchema>;

const socketErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryAfterMs: z.number().optional(),
});
/** An error as it goes through the socket. */
export type SocketError = z.infer<typeof socketErrorSchema>;

/** One reply: any number of events, then a result or an error. The id is null where the request had none to read. */
export type SocketReply =
  | { readonly id: string | number | null; readonly event: unknown }
  | { readonly id: string | number | null; readonly result: unknown }
  | { readonly id: string | number | null; readonly error: SocketError };

const replyHead = z.object({ id: id.nullable() });

/** Reads a reply line; nothing where it is none. */
export function parseSocketReply(line: string): SocketReply | undefined {
  const value = parseJson(line);
  const head = replyHead.safeParse(value);
  if (!head.success || typeof value !== 'object' || value === null) return undefined;
  if ('event' in value) return { ...head.data, event: value.event };
  if (!('error' in value))
    return { ...head.data, result: 'result' in value ? value.result : undefined };
  const error = socketErrorSchema.safeParse(value.error);
  return error.success ? { ...head.data, error: error.data } : undefined;
}

/** Reads a request line. @throws SyncError `usage_invalid` saying what is wrong with it. */
export function parseSocketRequest(line: string): SocketRequest {
  const value = parseJson(line);
  if (value === undefined)
    throw new SyncError('usage_invalid', 'the request is not a line of JSON');
  const parsed = socketRequestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SyncError(
    'usage_invalid',
    `the request is not one that a daemon takes: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

/** The id of a line that may not be a request, so that its sender knows which one failed. */
export function requestIdOf(line: string): string | number | null {
  return replyHead.safeParse(parseJson(line)).data?.id ?? null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** An error as a plain object. */
export function toSocketError(thrown: unknown): SocketError {
  const error = toSyncError(thrown);
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    details: error.details,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

/** The error that came through the socket, as it was thrown on the other side. */
export function fromSocketError(error: SocketError): SyncError {
  const code: ErrorCode = isErrorCode(error.code) ? error.code : 'internal_error';
  return new SyncError(code, error.message, {
    hint: error.hint,
    details: error.details ?? {},
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}
