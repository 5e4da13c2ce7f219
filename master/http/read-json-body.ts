import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, type InputType, type ZlibOptions } from 'node:zlib';
import { SyncError } from '../../common/core/sync-error.ts';
import { parseJson } from './parse-json.ts';

/** How much of a body may be held. */
export interface BodyLimits {
  /** Most bytes, as sent and unpacked alike. */
  readonly maxBytes: number;
  /** Called with every piece that is being held. @throws SyncError `protocol_busy` when all bodies together are too much. */
  readonly hold: (bytes: number) => void;
}

interface Unpacked {
  readonly buffer: Buffer;
  /** Counts the packed bytes that were used, so that what follows the gzip stream is noticed. */
  readonly engine: { readonly bytesWritten: number };
}

const gunzipWithInfo = promisify(
  gunzip as unknown as (
    input: InputType,
    options: ZlibOptions,
    done: (error: Error | null, result: Unpacked) => void,
  ) => void,
);

/**
 * Reads a request's JSON body: one media type, plain or gzip, strict UTF-8, bounded in size and depth.
 *
 * @throws SyncError `protocol_unsupported_media_type`, `protocol_unsupported_encoding`, `protocol_bad_encoding`,
 * `body_too_large`, `protocol_invalid_utf8`, `protocol_invalid_request` (cut off, or no object), and what
 * {@link parseJson} throws.
 */
export async function readJsonBody(
  request: IncomingMessage,
  limits: BodyLimits,
): Promise<Readonly<Record<string, unknown>>> {
  checkMediaType(request.headers['content-type']);
  const isPacked = checkEncoding(request.headers['content-encoding']);
  const sent = await readBytes(request, limits);
  const bytes = isPacked ? await unpack(sent, limits) : sent;
  const body = parseJson(decodeUtf8(bytes));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SyncError('protocol_invalid_request', 'the body is not a JSON object', {
      details: { errors: [{ pointer: '', code: 'invalid_type', detail: 'an object expected' }] },
    });
  }
  return body as Readonly<Record<string, unknown>>;
}

function checkMediaType(header: string | undefined): void {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const charsets = parameters
    .map((part) => part.trim())
    .filter((part) => part.startsWith('charset'));
  const isUtf8 = charsets.every((charset) => /^charset="?utf-?8"?$/.test(charset));
  if (type.trim() === 'application/json' && isUtf8) return;
  throw new SyncError(
    'protocol_unsupported_media_type',
    'the body must be declared as Content-Type: application/json (UTF-8)',
  );
}

/** Whether the body is gzip. */
function checkEncoding(header: string | undefined): boolean {
  const encoding = (header ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return false;
  if (encoding === 'gzip') return true;
  throw new SyncError(
    'protocol_unsupported_encoding',
    'the body may be sent plain or with Content-Encoding: gzip, nothing else',
  );
}

async function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const pieces: Buffer[] = [];
  let total = 0;
  try {
    // The connection must outlive a refusal, or the answer would never arrive.
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      const bytes = piece as Buffer;
      total += bytes.length;
      if (total > limits.maxBytes) throw tooLarge(limits.maxBytes);
      limits.hold(bytes.length);
      pieces.push(bytes);
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw cutOff(error);
  }
  if (!request.complete) throw cutOff(undefined);
  return Buffer.concat(pieces, total);
}

async function unpack(packed: Buffer, limits: BodyLimits): Promise<Buffer> {
  const result = await gunzipWithInfo(packed, {
    maxOutputLength: limits.maxBytes,
    info: true,
  }).catch((error: unknown) => {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limits.maxBytes);
    throw new SyncError('protocol_bad_encoding', 'the gzip body is damaged or cut short', {
      cause: error,
    });
  });
  if (result.engine.bytesWritten !== packed.length) {
    throw new SyncError('protocol_bad_encoding', 'something follows the end of the gzip body');
  }
  limits.hold(result.buffer.length);
  return result.buffer;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new SyncError('protocol_invalid_utf8', 'the body is not valid UTF-8', { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function tooLarge(limit: number): SyncError {
  return new SyncError('body_too_large', `the body is larger than ${limit} bytes`, {
    details: { limit },
  });
}

function cutOff(cause: unknown): SyncError {
  return new SyncError('protocol_invalid_request', 'the body ended before it was complete', {
    cause,
  });
}
