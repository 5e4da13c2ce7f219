import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A body in memory, and how many bytes of it came over the line. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly receivedBytes: number;
}

/** The body is larger than allowed; reading was stopped. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * Reads a body to its end, unpacking gzip. Memory stays under the limit whatever a bomb unpacks to.
 *
 * @param encoding the answer's `Content-Encoding`.
 * @param maxBytes most unpacked bytes.
 * @throws BodyTooLarge beyond that; an error with Node's code when the body breaks off or is not gzip.
 */
export async function readBody(
  body: Readable,
  encoding: string,
  maxBytes: number,
): Promise<ReadBody> {
  let receivedBytes = 0;
  body.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
  });
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of encoding === 'gzip' ? unpacked(body) : body) {
    const bytes = part as Buffer; // a byte stream without a set encoding yields Buffers
    size += bytes.length;
    if (size > maxBytes) throw new BodyTooLarge(`more than ${maxBytes} bytes`);
    parts.push(bytes);
  }
  return { bytes: Buffer.concat(parts), receivedBytes };
}

/** Errors of either stream surface where the result is read, so the callback has nothing to do. */
function unpacked(body: Readable): Readable {
  return pipeline(body, createGunzip(), () => undefined);
}
