import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { Clock } from '../../common/core/clock.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { headers, MAX_BODY_BYTES, PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { isLoopbackAddress } from '../../common/runtime/setting-kinds.ts';
import type { AnswerCheck } from './check-answers.ts';
import { readProblem, refuseHead, type AnswerHead } from './classify-answer.ts';
import { classifyFailure, type ExchangeFailure } from './classify-failure.ts';
import { ExchangeWatch } from './exchange-watch.ts';
import type { Answer, ExchangeIdentity } from './master-client.ts';
import { BodyTooLarge, readBody, type ReadBody } from './read-body.ts';
import { readRetryAfterMs } from './retry-after.ts';

/** Where the master is and how patient the slave is. */
export interface HttpConnectionOptions {
  /** `MASTER_URL`; may have a path, before `/api/sync`. */
  readonly masterUrl: string;
  /** `SYNC_TOKEN`; sent as `Authorization` and nowhere else. */
  readonly token: string | undefined;
  readonly slaveName: string | undefined;
  readonly programVersion: string;
  /** `SYNC_TIMEOUT` in milliseconds: longest time without a byte either way. */
  readonly stallMs: number;
  /** Milliseconds for a whole exchange; default four times `stallMs`. */
  readonly totalMs?: number;
  /** PEM text of `TLS_CA`, trusted beside the authorities that Node knows. */
  readonly extraCa?: string | undefined;
  /** Most unpacked bytes of an answer; default 64 MiB. */
  readonly maxAnswerBytes?: number;
  /** Whether bodies are packed; default: unless the master is on this machine, where it costs more than it saves. */
  readonly isPacked?: boolean;
  readonly clock: Clock;
}

/** One request as it is to be made. */
export interface Exchange<T> {
  readonly method: 'GET' | 'POST';
  /** Path under MASTER_URL, from its slash on. */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: object;
  /** Absent where the request does not say who asks. */
  readonly identity?: ExchangeIdentity;
  /** Takes the parsed body of a success. */
  readonly check: AnswerCheck<T>;
  readonly signal: AbortSignal;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Error bodies are short; more is not a master's. */
const MAX_PROBLEM_BYTES = 256 * 1024;
const MAX_CONNECT_MS = 10_000;
/** Below this, packing a body does not pay. */
const GZIP_FROM_BYTES = 1024;

const compress = promisify(gzip);

interface RawAnswer {
  readonly head: AnswerHead;
  readonly nonce: string | null;
  readonly body: ReadBody;
}

/**
 * Keeps the connection to one master and makes HTTP exchanges over it: no redirects, no proxy, no answer
 * believed that is not a master's, limits for size and time, and errors without the token. The only file
 * that knows axios, whose own checks do not suffice (it takes HTML, cut and empty bodies for success).
 */
export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #base: string;
  readonly #isPacked: boolean;
  readonly #httpAgent: http.Agent;
  readonly #httpsAgent: https.Agent;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
    const url = new URL(options.masterUrl);
    this.#isPacked = options.isPacked ?? !isLoopbackAddress(options.masterUrl);
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    const keep = { keepAlive: true, maxSockets: 4, maxFreeSockets: 2 };
    this.#httpAgent = new http.Agent(keep);
    const trust =
      options.extraCa === undefined ? {} : { ca: [...rootCertificates, options.extraCa] };
    this.#httpsAgent = new https.Agent({ ...keep, minVersion: 'TLSv1.2', ...trust });
  }

  /** Closes idle connections. */
  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  /**
   * Makes one exchange, without retry.
   *
   * @throws SyncError as {@link classifyFailure}, {@link refuseHead} and {@link readProblem} say.
   */
  async exchange<T>(exchange: Exchange<T>): Promise<Answer<T>> {
    const { clock, stallMs, totalMs } = this.#options;
    const startedMs = clock.monotonicMs();
    const limits = {
      connectMs: Math.min(MAX_CONNECT_MS, stallMs),
      stallMs,
      totalMs: totalMs ?? stallMs * 4,
    };
    const watch = new ExchangeWatch(limits, exchange.signal);
    try {
      const sent = await encodeBody(exchange.body, this.#isPacked);
      const answer = await this.#receive(exchange, await this.#send(exchange, sent, watch));
      const body = exchange.check(parse(answer));
      const { head, nonce } = answer;
      const bytes = {
        bytesSent: sent.bytes?.length ?? 0,
        bytesReceived: answer.body.receivedBytes,
      };
      const durationMs = clock.monotonicMs() - startedMs;
      return { body, meta: { epoch: head.epoch ?? '', nonce, ...bytes, durationMs } };
    } catch (thrown) {
      throw this.#explain(exchange, watch, thrown);
    } finally {
      watch.stop();
    }
  }

  async #send(
    exchange: Exchange<unknown>,
    sent: EncodedBody,
    watch: ExchangeWatch,
  ): Promise<AxiosResponse<Readable>> {
    const query =
      exchange.query === undefined || exchange.query.size === 0
        ? ''
        : `?${exchange.query.toString()}`;
    const config: AxiosRequestConfig = {
      method: exchange.method,
      url: `${this.#base}${exchange.path}${query}`,
      headers: { ...this.#headers(exchange.identity), ...sent.headers },
      data: sent.bytes,
      responseType: 'stream',
      decompress: false,
      maxRedirects: 0,
      maxBodyLength: MAX_BODY_BYTES,
      proxy: false,
      timeout: this.#options.stallMs,
      signal: watch.signal,
      transport: watch,
      httpAgent: this.#httpAgent,
      httpsAgent: this.#httpsAgent,
      transformRequest: [(data: unknown) => data],
      validateStatus: () => true,
    };
    return await axios.request<Readable>(config);
  }

  #headers(identity: ExchangeIdentity | undefined): Record<string, string> {
    const { token, slaveName, programVersion } = this.#options;
    return {
      accept: 'application/json',
      'accept-encoding': this.#isPacked ? 'gzip' : 'identity',
      'user-agent': `tidewater-slave/${programVersion}`,
      [headers.protocol]: String(PROTOCOL_VERSION),
      [headers.program]: programVersion,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(slaveName === undefined ? {} : { [headers.slave]: slaveName }),
      ...identityHeaders(identity),
    };
  }

  async #receive(
    exchange: Exchange<unknown>,
    response: AxiosResponse<Readable>,
  ): Promise<RawAnswer> {
    const head = this.#head(exchange, response);
    const refused = refuseHead(head);
    if (refused !== undefined) {
      response.data.destroy();
      throw refused;
    }
    const encoding = headerText(response, 'content-encoding') ?? '';
    if (encoding !== '' && encoding !== 'gzip' && encoding !== 'identity') {
      response.data.destroy();
      throw new SyncError(
        'transport_invalid_answer',
        `${head.target} answered in an encoding that was not asked for`,
      );
    }
    const most = head.status >= 400 ? MAX_PROBLEM_BYTES : this.#maxAnswerBytes();
    const body = await readBody(response.data, encoding, most);
    return { head, nonce: headerText(response, headers.nonce) ?? null, body };
  }

  #head(exchange: Exchange<unknown>, response: AxiosResponse): AnswerHead {
    const text = (name: string): string | undefined => headerText(response, name);
    return {
      status: response.status,
      epoch: text(headers.epoch),
      contentType: text('content-type'),
      requestId: text(headers.requestId),
      retryAfterMs: readRetryAfterMs(
        { retryAfter: text('retry-after'), date: text('date') },
        this.#options.clock.nowMs(),
      ),
      target: this.#target(exchange),
    };
  }

  /** Everything that is not ours already becomes ours here; the original keeps the token in its config. */
  #explain(exchange: Exchange<unknown>, watch: ExchangeWatch, thrown: unknown): SyncError {
    if (thrown instanceof SyncError && watch.reason === undefined) return thrown;
    return classifyFailure({
      ...this.#failure(watch, thrown),
      connected: watch.connected,
      target: this.#target(exchange),
    });
  }

  #failure(
    watch: ExchangeWatch,
    thrown: unknown,
  ): Pick<ExchangeFailure, 'reason' | 'limit' | 'systemCode'> {
    if (watch.reason !== undefined)
      return { reason: watch.reason, limit: watch.limitOf(watch.reason) };
    if (thrown instanceof BodyTooLarge)
      return { reason: 'too_large', limit: this.#maxAnswerBytes() };
    return { reason: 'network', systemCode: systemCodeOf(thrown) };
  }

  #maxAnswerBytes(): number {
    return this.#options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
  }

  #target(exchange: Exchange<unknown>): string {
    return `${this.#base}${exchange.path}`;
  }
}

function identityHeaders(identity: ExchangeIdentity | undefined): Record<string, string> {
  if (identity === undefined) return {};
  const { incarnation, nonce, exchangeId } = identity;
  return {
    [headers.incarnation]: incarnation,
    ...(nonce === null ? {} : { [headers.nonce]: nonce }),
    ...(exchangeId === null ? {} : { [headers.exchange]: exchangeId }),
  };
}

interface EncodedBody {
  readonly bytes: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

async function encodeBody(body: object | undefined, isPacked: boolean): Promise<EncodedBody> {
  if (body === undefined) return { bytes: undefined, headers: {} };
  const plain = Buffer.from(JSON.stringify(body), 'utf8');
  if (plain.length > MAX_BODY_BYTES) {
    throw new SyncError(
      'body_too_large',
      `the request would be ${plain.length} bytes, the limit is ${MAX_BODY_BYTES}`,
    );
  }
  const type = { 'content-type': 'application/json' };
  if (!isPacked || plain.length < GZIP_FROM_BYTES) return { bytes: plain, headers: type };
  return { bytes: await compress(plain), headers: { ...type, 'content-encoding': 'gzip' } };
}

/** Parsed body of a success; everything else is thrown. */
function parse(answer: RawAnswer): unknown {
  const { head } = answer;
  const body = parseJson(answer.body.bytes);
  if (head.status >= 400) throw readProblem(head, body);
  if (body !== undefined) return body;
  const size = answer.body.bytes.length;
  throw new SyncError(
    'transport_invalid_answer',
    `${head.target} answered ${head.status} with ${size} bytes that are not JSON`,
  );
}

/** Nothing where the bytes are not JSON in UTF-8; JSON has no `undefined`. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    ) as unknown;
  } catch {
    return undefined;
  }
}

function headerText(response: AxiosResponse, name: string): string | undefined {
  const value: unknown = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** The innermost code; IPv4 and IPv6 tried in a row come as an AggregateError. */
function systemCodeOf(thrown: unknown): string {
  for (
    let error = thrown, depth = 0;
    error instanceof Error && depth < 4;
    error = error.cause, depth += 1
  ) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && !code.startsWith('ERR_BAD_') && code !== 'ERR_NETWORK')
      return code;
  }
  return 'unknown';
}
