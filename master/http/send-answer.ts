import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { SyncContext } from './request-state.ts';
import type { RouteAnswer } from './routes/route.ts';

/** Below one packet, packing saves nothing. */
const MIN_GZIP_BYTES = 1400;

/** Pieces may be as small as one record; each write to a connection costs more than a few records. */
const MIN_PIECE_LENGTH = 16 * 1024;

/** Rows pack well at any level; this one costs a third of the default's time. */
const GZIP_LEVEL = 3;

const gzipText = promisify<string, { readonly level: number }, Buffer>(gzip);

/** Writes a route's answer, packed where the asker takes gzip: most slaves are behind slow lines. */
export async function sendAnswer(ctx: SyncContext, answer: RouteAnswer): Promise<void> {
  ctx.status = 200;
  ctx.vary('Accept-Encoding');
  const packs = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (answer.kind === 'stream') {
    const pieces = Readable.from(await started(answer.pieces), { objectMode: false });
    ctx.body = packs ? packedStream(ctx, pieces) : pieces;
  } else {
    const text = answer.kind === 'text' ? answer.text : JSON.stringify(answer.value);
    ctx.body = packs && text.length >= MIN_GZIP_BYTES ? await packedText(ctx, text) : text;
  }
  ctx.type = 'application/json; charset=utf-8';
}

async function packedText(ctx: SyncContext, text: string): Promise<Buffer> {
  const packed = await gzipText(text, { level: GZIP_LEVEL });
  ctx.set('Content-Encoding', 'gzip');
  return packed;
}

function packedStream(ctx: SyncContext, pieces: Readable): Readable {
  ctx.set('Content-Encoding', 'gzip');
  const packer = createGzip({ level: GZIP_LEVEL });
  // A failing stream destroys the other one, and Koa cuts the connection, so no half answer looks whole.
  return pipeline(pieces, packer, () => undefined);
}

/** Waits for the first piece, so that what fails at the beginning still becomes a problem answer. */
async function started(pieces: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  return {
    [Symbol.asyncIterator]: () => resumed(iterator, first),
  };
}

async function* resumed(
  iterator: AsyncIterator<string>,
  first: IteratorResult<string>,
): AsyncGenerator<string> {
  try {
    let gathered = '';
    for (let step = first; !step.done; step = await iterator.next()) {
      gathered += step.value;
      if (gathered.length < MIN_PIECE_LENGTH) continue;
      yield gathered;
      gathered = '';
    }
    if (gathered !== '') yield gathered;
  } finally {
    await iterator.return?.();
  }
}
