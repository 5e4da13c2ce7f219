import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { silentLogger, type LogFields, type Logger } from '../../../common/core/logger.ts';
import { registerTables } from '../../../common/core/table-registry.ts';
import { randomId } from '../../../common/runtime/random-id.ts';
import { sha256 } from '../../../common/runtime/sha256.ts';
import { systemClock } from '../../../common/runtime/system-clock.ts';
import type { StoredToken, TokenStore } from '../../../common/storage/token-store.ts';
import { tableDefinitions } from '../../../common/tables/registry.ts';
import { createApp } from '../app.ts';
import { formatToken } from '../bearer-token.ts';
import { defaultHttpLimits, type HttpDeps, type HttpLimits } from '../http-deps.ts';
import { startHttpServer } from '../http-server.ts';
import type { SyncUseCases } from '../sync-use-cases.ts';

/** The epoch that the made-up master announces. */
export const testEpoch = 'feedfacefeedface';

/** One log line of the master under test. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined;
}

/** What a request consists of; only the path is needed. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A running HTTP shell with made-up use cases. */
export interface TestMaster {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly { readonly name: string; readonly args: readonly unknown[] }[];
  readonly lines: readonly LogLine[];
  readonly tokens: readonly StoredToken[];
  send(request: RawRequest): Promise<RawAnswer>;
  /** Sends a JSON body to `/api/sync/upload` unless told otherwise. */
  post(body: unknown, request?: Partial<RawRequest>): Promise<RawAnswer>;
  /** Writes bytes to a connection of its own and gives what came until the other side closed it. */
  raw(text: string | Buffer, endAfterWrite?: boolean): Promise<string>;
  addToken(slave: string, overrides?: Partial<StoredToken>): string;
  revokeAll(): void;
  stop(graceMs?: number): Promise<void>;
}

/** What a test changes about the master. */
export interface TestMasterOptions {
  readonly useCases?: Partial<SyncUseCases>;
  readonly limits?: Partial<HttpLimits>;
  readonly epoch?: HttpDeps['epoch']['current'];
  readonly ping?: HttpDeps['ping'];
  readonly clock?: HttpDeps['clock'];
}

/** Starts the real Koa application on a free port. */
export async function startTestMaster(options: TestMasterOptions = {}): Promise<TestMaster> {
  const calls: { name: string; args: readonly unknown[] }[] = [];
  const lines: LogLine[] = [];
  const tokens: StoredToken[] = [];
  const app = createApp(fakeDeps(options, { calls, lines, tokens }));
  const server = await startHttpServer(app.callback(), { host: '127.0.0.1', port: 0, tls: null });
  const { port } = server;
  return {
    url: server.url,
    port,
    calls,
    lines,
    tokens,
    send: (asked) => sendRaw(port, asked),
    post: (body, asked) => sendRaw(port, toPost(body, asked)),
    raw: (text, endAfterWrite = false) => sendBytes(port, text, endAfterWrite),
    addToken: (slave, overrides) => addToken(tokens, slave, overrides),
    revokeAll: () => {
      const revoked = tokens.map((token) => ({ ...token, revokedAt: token.createdAt }));
      tokens.splice(0, tokens.length, ...revoked);
    },
    stop: (graceMs = 0) => server.stop(graceMs),
  };
}

interface Records {
  readonly calls: { name: string; args: readonly unknown[] }[];
  readonly lines: LogLine[];
  readonly tokens: StoredToken[];
}

function fakeDeps(options: TestMasterOptions, { calls, lines, tokens }: Records): HttpDeps {
  return {
    useCases: { ...fakeUseCases(calls), ...options.useCases },
    tokens: memoryTokens(tokens),
    tables: registerTables(tableDefinitions),
    clock: options.clock ?? systemClock,
    log: recordingLogger(lines),
    randomId,
    sha256,
    epoch: {
      current: options.epoch ?? (() => Promise.resolve(testEpoch)),
      forget: () => undefined,
    },
    ping: options.ping ?? (() => Promise.resolve()),
    limits: { ...defaultHttpLimits, ...options.limits },
  };
}

function toPost(body: unknown, asked: Partial<RawRequest> = {}): RawRequest {
  return {
    method: 'POST',
    path: '/api/sync/upload',
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...asked,
    headers: { 'content-type': 'application/json', ...asked.headers },
  };
}

function addToken(tokens: StoredToken[], slave: string, overrides?: Partial<StoredToken>): string {
  const text = formatToken(Buffer.from(randomId() + randomId(), 'hex'));
  const createdAt = systemClock.nowIso();
  const id = `t${tokens.length + 1}`;
  tokens.push({ id, slave, hash: sha256(text), createdAt, revokedAt: null, ...overrides });
  return text;
}

/** Use cases that note what they are asked and answer something of the right form. */
function fakeUseCases(calls: { name: string; args: readonly unknown[] }[]): SyncUseCases {
  const note = (name: string, ...args: readonly unknown[]): void => void calls.push({ name, args });
  return {
    beginExchange: async (identity) => {
      note('beginExchange', identity);
      return { nonce: identity.slave?.exchangeId === null ? null : 'nonce-2' };
    },
    acceptUpload: async (identity, request) => {
      note('acceptUpload', identity, request);
      return `{"batch_id":null,  "accepted":${request.records.length}}`;
    },
    serveDownload: async (identity, query) => {
      note('serveDownload', identity, query);
      return {
        records: [],
        cursor: `${testEpoch}.1`,
        has_more: false,
        timestamp: '2026-01-01T00:00:00.000Z',
        position: 1,
      };
    },
    streamDownload: (identity, query) => {
      note('streamDownload', identity, query);
      return pieces(['{"records":[', '],"has_more":false}']);
    },
    recordAcknowledgement: async (identity, request) =>
      note('recordAcknowledgement', identity, request),
    enrollSlave: async (identity, request) => {
      note('enrollSlave', identity, request);
      return { epoch: testEpoch, known: [], unverifiable: [] };
    },
    serveDigest: async () => {
      note('serveDigest');
      return { position: 1, tables: [] };
    },
    serveDigestRows: async (table, after) => {
      note('serveDigestRows', table, after);
      return { rows: [], has_more: false };
    },
  };
}

async function* pieces(parts: readonly string[]): AsyncGenerator<string> {
  yield* parts;
}

function memoryTokens(tokens: StoredToken[]): TokenStore {
  return {
    isEmpty: () => Promise.resolve(tokens.length === 0),
    findByHash: (hash) => Promise.resolve(tokens.find((token) => token.hash === hash) ?? null),
    list: () => Promise.resolve(tokens),
    add: (token) => Promise.resolve(void tokens.push(token)),
    revoke: () => Promise.resolve(),
  };
}

function recordingLogger(lines: LogLine[], bound: LogFields = {}): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    ...silentLogger,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

function sendRaw(port: number, asked: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method: asked.method ?? 'GET',
        path: asked.path,
        headers: { ...asked.headers },
        agent: false,
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const bytes = Buffer.concat(parts);
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            bytes,
            ...readings(bytes),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(asked.body);
  });
}

function readings(bytes: Buffer): Pick<RawAnswer, 'text' | 'json'> {
  const text = bytes.toString('utf8');
  try {
    return { text, json: JSON.parse(text) as Record<string, unknown> };
  } catch {
    return { text, json: undefined };
  }
}

function sendBytes(port: number, text: string | Buffer, endAfterWrite: boolean): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      if (endAfterWrite) socket.end(text);
      else socket.write(text);
    });
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(parts).toString('utf8')));
  });
}
