import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../common/core/clock.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { createHttpMasterClient } from './http-master-client.ts';
import type { ExchangeIdentity, MasterClient, SlaveUpload } from './master-client.ts';

const TOKEN = 'planted-secret-token-0123456789';
const EPOCH = { 'sync-epoch': 'epoch-1', 'content-type': 'application/json' };
const identity: ExchangeIdentity = { incarnation: 'inc-1', nonce: 'nonce-1', exchangeId: 'ex-1' };
const clock: Clock = {
  nowIso: () => new Date().toISOString(),
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
const page = {
  records: [
    {
      table: 'inventories',
      id: 'a',
      action: 'update',
      data: { sku: 's', quantity: '9007199254740993' },
      version: 3,
      updated_at: '2026-01-01T00:00:00.000Z',
    },
    {
      table: 'inventories',
      id: 'b',
      action: 'delete',
      data: null,
      version: 4,
      updated_at: '2026-01-01T00:00:00.000Z',
    },
  ],
  cursor: 'epoch-1.4',
  has_more: false,
  timestamp: '2026-01-01T00:00:00.000Z',
  position: 4,
};
const upload: SlaveUpload = {
  records: [{ table: 'inventories', id: 'a', action: 'update', data: { name: 'n' }, op: 1 }],
  protocol: 1,
  incarnation: 'inc-1',
  epoch: 'epoch-1',
  batch_id: 'batch-1',
  first_op: 1,
  last_op: 1,
  sent_at: '2026-01-01T00:00:00.000Z',
};
const uploadAnswer = {
  batch_id: 'batch-1',
  accepted: 1,
  rejected: 0,
  conflicts: 0,
  results: [{ table: 'inventories', id: 'a', op: 1, status: 'applied', version: 5 }],
  timestamp: '2026-01-01T00:00:00.000Z',
};

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveRaw(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(
  masterUrl: string,
  overrides: {
    stallMs?: number;
    totalMs?: number;
    maxAnswerBytes?: number;
    extraCa?: string;
    isPacked?: boolean;
  } = {},
): MasterClient {
  const made = createHttpMasterClient({
    masterUrl,
    token: TOKEN,
    slaveName: 'shop-1',
    programVersion: '0.1.0',
    stallMs: 5000,
    clock,
    ...overrides,
  });
  cleanups.push(() => made.close());
  return made;
}

const never = new AbortController().signal;
const download = async (master: MasterClient, signal: AbortSignal = never) =>
  await master.download({ cursor: 'epoch-1.2', limit: 100 }, identity, signal);

async function failureOf(promise: Promise<unknown>): Promise<SyncError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(SyncError);
  const error = thrown as SyncError;
  const shown = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}${String(error)}${error.stack ?? ''}`;
  expect(shown).not.toContain(TOKEN); // P17
  return error;
}

async function failureOfAnswer(
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<SyncError> {
  const url = await serve((_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  return await failureOf(download(client(url)));
}

describe('exchanges with a master', () => {
  it('ID1 WIRE1 sends who asks as headers and the question as query', async () => {
    let seen: IncomingMessage | undefined;
    const url = await serve((request, response) => {
      seen = request;
      response.writeHead(200, { ...EPOCH, 'sync-nonce': 'nonce-2' });
      response.end(JSON.stringify(page));
    });
    const answer = await client(`${url}/base/`).download(
      {
        cursor: 'epoch-1.2',
        limit: 100,
        tables: ['a', 'b'],
        lastSyncedAt: '2026-01-01T00:00:00.000Z',
      },
      identity,
      never,
    );
    expect(seen?.url).toBe(
      '/base/api/sync/download?last_synced_at=2026-01-01T00%3A00%3A00.000Z&tables=a%2Cb&cursor=epoch-1.2&limit=100',
    );
    expect(seen?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'sync-protocol': '1',
      'sync-incarnation': 'inc-1',
      'sync-nonce': 'nonce-1',
      'sync-exchange': 'ex-1',
      'sync-slave': 'shop-1',
      'sync-program': '0.1.0',
    });
    expect(answer.body).toEqual(page);
    expect(answer.meta).toMatchObject({
      epoch: 'epoch-1',
      nonce: 'nonce-2',
      bytesSent: 0,
      bytesReceived: JSON.stringify(page).length,
    });
  });

  it('sends large bodies packed, reads packed answers, and counts bytes of the line', async () => {
    const records = Array.from({ length: 200 }, (_, index) => ({
      table: 'inventories',
      id: `id-${index}`,
      action: 'delete' as const,
      op: index + 1,
    }));
    const many = { ...upload, records, last_op: 200 };
    const results = records.map(({ table, id, op }) => ({
      table,
      id,
      op,
      status: 'applied',
      version: 1,
    }));
    const packed = gzipSync(JSON.stringify({ ...uploadAnswer, results }));
    let received: unknown;
    let length = 0;
    const url = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const bytes = Buffer.concat(parts);
        length = bytes.length;
        received = JSON.parse(
          request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes).toString() : '"plain"',
        );
        response.writeHead(200, { ...EPOCH, 'content-encoding': 'gzip' });
        response.end(packed);
      });
    });
    const answer = await client(url, { isPacked: true }).upload(many, identity, never);
    expect(received).toEqual(many);
    expect(answer.body.results).toHaveLength(200);
    expect(answer.meta).toMatchObject({ bytesSent: length, bytesReceived: packed.length });
  });

  it('F25 refuses the answer to another batch, or with other results than records', async () => {
    let answer: object = { ...uploadAnswer, batch_id: 'batch-0' };
    const url = await serve((request, response) => {
      request.resume();
      response.writeHead(200, EPOCH);
      response.end(JSON.stringify(answer));
    });
    const master = client(url);
    expect((await failureOf(master.upload(upload, identity, never))).code).toBe(
      'transport_invalid_answer',
    );
    answer = { ...uploadAnswer, results: [] };
    expect((await failureOf(master.upload(upload, identity, never))).code).toBe(
      'transport_invalid_answer',
    );
    answer = uploadAnswer;
    expect((await master.upload(upload, identity, never)).body.accepted).toBe(1);
  });

  it('cancels at once when asked', async () => {
    const url = await serve(() => undefined);
    const controller = new AbortController();
    const failure = failureOf(download(client(url), controller.signal));
    setTimeout(() => controller.abort(), 20);
    expect((await failure).code).toBe('transport_cancelled');
    expect((await failureOf(download(client(url), controller.signal))).code).toBe(
      'transport_cancelled',
    );
  });
});

describe('answers of something else than a master', () => {
  it('F26 refuses an HTML page with 200', async () => {
    const error = await failureOfAnswer(
      200,
      { 'content-type': 'text/html' },
      '<html>Sign in</html>',
    );
    expect(error.code).toBe('transport_not_a_master');
  });

  it('F26 WIRE4 refuses even fitting JSON without the epoch header', async () => {
    const error = await failureOfAnswer(
      200,
      { 'content-type': 'application/json' },
      JSON.stringify(page),
    );
    expect(error.code).toBe('transport_not_a_master');
  });

  it.each([301, 302, 303, 307, 308])('F26 follows no redirect: %i', async (status) => {
    let asked = 0;
    const elsewhere = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const error = await failureOfAnswer(status, { location: `${elsewhere}/login` }, '');
    expect(error.code).toBe('transport_redirect_refused');
    expect(asked).toBe(0);
  });

  it.each([
    [407, 'transport_not_a_master'],
    [511, 'transport_not_a_master'],
    [404, 'transport_not_a_master'],
    [413, 'body_too_large'],
    [429, 'protocol_rate_limited'],
    [503, 'protocol_busy'],
    [500, 'transport_master_error'],
    [502, 'transport_master_error'],
    [504, 'transport_master_error'],
    [408, 'transport_master_error'],
    [425, 'transport_master_error'],
  ])('F26 F27 F29 takes a bare %i for %s', async (status, code) => {
    const error = await failureOfAnswer(
      status,
      { 'content-type': 'text/html', 'retry-after': '12' },
      '<h1>no</h1>',
    );
    expect(error.code).toBe(code);
    expect(error.retryable).toBe(true);
    expect(error.retryAfterMs).toBe(12_000);
  });
});

describe('problems that a master answers with', () => {
  const problem = (code: string, status: number, extra: object = {}): string =>
    JSON.stringify({
      type: `urn:sync:error:${code}`,
      title: 't',
      status,
      detail: `detail of ${code}`,
      code,
      requestId: 'r1',
      retryable: false,
      ...extra,
    });
  const headers = {
    ...EPOCH,
    'content-type': 'application/problem+json; charset=utf-8',
    'sync-request-id': 'r1',
  };

  it.each([
    ['auth_invalid', 401],
    ['slave_forked', 409],
    ['slave_rewound', 409],
    ['cursor_expired', 410],
    ['protocol_version', 426],
    ['body_too_large', 413],
    ['protocol_busy', 503],
  ])('F30 keeps the code %s', async (code, status) => {
    const error = await failureOfAnswer(status, headers, problem(code, status));
    expect(error).toMatchObject({
      code,
      message: `detail of ${code}`,
      details: { requestId: 'r1', masterCode: code },
    });
  });

  it('keeps the facts of a problem, and its wait where there is no header', async () => {
    const error = await failureOfAnswer(
      409,
      headers,
      problem('sequence_gap', 409, { details: { expected_op: 7, nested: {} }, retryAfterMs: 99 }),
    );
    expect(error.details).toMatchObject({ expected_op: 7 });
    expect(error.details).not.toHaveProperty('nested');
    expect(error.retryAfterMs).toBe(99);
  });

  it.each([
    ['storage_full', 507],
    ['internal_error', 500],
    ['schema_mismatch', 503],
    ['row_unique', 502],
    ['made_up', 500],
  ])("does not take the master's own %s for ours", async (code, status) => {
    expect((await failureOfAnswer(status, headers, problem(code, status))).code).toBe(
      'transport_master_error',
    );
  });

  it('P17 makes control characters of a problem visible', async () => {
    const error = await failureOfAnswer(
      401,
      headers,
      problem('auth_invalid', 401, { detail: 'x\u001b]52;c;aGk=\u0007\u009b2Jy' }),
    );
    expect(error.message).toBe('x\\x1b]52;c;aGk=\\x07\\x9b2Jy');
  });

  it.each([
    [401, 'auth_invalid'],
    [404, 'protocol_not_found'],
    [418, 'transport_invalid_answer'],
    [500, 'transport_master_error'],
  ])('judges %i by its status where the body says nothing', async (status, code) => {
    expect((await failureOfAnswer(status, headers, 'null')).code).toBe(code);
    expect((await failureOfAnswer(status, { 'sync-epoch': 'e' }, '')).code).toBe(code);
  });
});

describe('broken and hostile answers', () => {
  it('T11 refuses an empty 200', async () => {
    expect((await failureOfAnswer(200, EPOCH, '')).code).toBe('transport_invalid_answer');
  });

  it('F19 T11 refuses an answer cut off where its length is unknown', async () => {
    const cut = JSON.stringify(page).slice(0, 100);
    const url = await serveRaw((socket) => {
      socket.end(
        `HTTP/1.0 200 OK\r\nSync-Epoch: e\r\nContent-Type: application/json\r\n\r\n${cut}`,
      );
    });
    expect((await failureOf(download(client(url)))).code).toBe('transport_invalid_answer');
  });

  it.each([0, 1, 50, 299])(
    'F18 F12 refuses an answer that breaks off after %i bytes',
    async (bytes) => {
      const url = await serveRaw((socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\nSync-Epoch: e\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n${'x'.repeat(bytes)}`,
          () => setTimeout(() => socket.resetAndDestroy(), 10),
        );
      });
      expect((await failureOf(download(client(url)))).code).toBe('transport_interrupted');
    },
  );

  it('F18 calls a reset before any byte of the answer interrupted', async () => {
    const url = await serveRaw((socket) => socket.resetAndDestroy());
    expect((await failureOf(download(client(url)))).code).toBe('transport_interrupted');
  });

  it('F16 calls a closed port unreachable', async () => {
    const url = await serve(() => undefined);
    await cleanups.pop()?.();
    const error = await failureOf(download(client(url)));
    expect(error.code).toBe('transport_unreachable');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('F27 hears a 413 that comes before the body was sent', async () => {
    const url = await serveRaw((socket) => {
      socket.write(
        'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
        () => socket.end(),
      );
    });
    const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join('');
    const large = {
      ...upload,
      records: [
        {
          ...upload.records[0],
          table: 'inventories',
          id: 'a',
          action: 'update' as const,
          data: { noise },
        },
      ],
    };
    expect((await failureOf(client(url).upload(large, identity, never))).code).toBe(
      'body_too_large',
    );
  });

  it('F32 names TLS where the port does not speak it', async () => {
    const url = await serve((_request, response) => response.end());
    expect((await failureOf(download(client(url.replace('http:', 'https:'))))).code).toBe(
      'transport_tls_refused',
    );
  });

  it('F32 takes no certificate of an unknown authority, and takes it with TLS_CA', async () => {
    const folder = makeTempDir();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    const server = createTlsServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (_request, response) => {
        response.writeHead(200, EPOCH);
        response.end(JSON.stringify(page));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const refused = await failureOf(download(client(url)));
    expect(refused.code).toBe('transport_tls_refused');
    expect(refused.message).toContain('SELF_SIGNED');
    const extraCa = readFileSync(cert, 'utf8');
    expect((await download(client(url, { extraCa }))).body.cursor).toBe(page.cursor);
    const otherName = await failureOf(
      download(client(url.replace('localhost', '127.0.0.1'), { extraCa })),
    );
    expect(otherName.message).toContain('for another name');
  });

  it('F31 calls an unknown name unreachable', async () => {
    expect((await failureOf(download(client('http://no-such-name.invalid')))).code).toBe(
      'transport_unreachable',
    );
  });

  it('F20 ends an answer that never comes for lack of progress', async () => {
    const url = await serve(() => undefined);
    const error = await failureOf(download(client(url, { stallMs: 100, totalMs: 60_000 })));
    expect(error.code).toBe('transport_timeout');
    expect(error.message).toContain('no byte');
  });

  it('F20 ends an answer that stops half way for lack of progress', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, EPOCH);
      response.write('{"records":[');
    });
    expect(
      (await failureOf(download(client(url, { stallMs: 150, totalMs: 60_000 })))).message,
    ).toContain('no byte');
  });

  it('F20 T11 ends a dripping answer by its total deadline', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, EPOCH);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    const error = await failureOf(download(client(url, { stallMs: 5000, totalMs: 300 })));
    expect(error.code).toBe('transport_timeout');
    expect(error.message).toContain('took longer');
  });

  it('F35 stops reading an endless answer at its limit', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, EPOCH);
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const error = await failureOf(download(client(url, { maxAnswerBytes: 1024 * 1024 })));
    expect(error).toMatchObject({ code: 'transport_invalid_answer' });
  });

  it('F35 T11 stops unpacking a bomb at its limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 'x'));
    const url = await serve((_request, response) => {
      response.writeHead(200, { ...EPOCH, 'content-encoding': 'gzip' });
      response.end(bomb);
    });
    expect((await failureOf(download(client(url, { maxAnswerBytes: 1024 * 1024 })))).code).toBe(
      'transport_invalid_answer',
    );
  });

  it.each([
    ['not gzip at all', { 'content-encoding': 'gzip' }, 'plain text'],
    ['an encoding nobody asked for', { 'content-encoding': 'br' }, 'x'],
    ['another content type', { 'content-type': 'text/html' }, JSON.stringify(page)],
    [
      'another character set',
      { 'content-type': 'application/json; charset=utf-16' },
      JSON.stringify(page),
    ],
    ['invalid UTF-8', {}, Buffer.from([0x22, 0xff, 0x22])],
    ['a list', {}, '[]'],
    ['null', {}, 'null'],
    ['a bare text', {}, '"x"'],
  ])('F35 refuses %s', async (_name, headers, body) => {
    expect((await failureOfAnswer(200, { ...EPOCH, ...headers }, body)).code).toBe(
      'transport_invalid_answer',
    );
  });

  it('F35 refuses gzip that breaks off', async () => {
    const packed = gzipSync(JSON.stringify(page));
    const error = await failureOfAnswer(
      200,
      { ...EPOCH, 'content-encoding': 'gzip' },
      packed.subarray(0, packed.length - 12),
    );
    expect(error.code).toBe('transport_invalid_answer');
  });

  const record = page.records[0];
  it.each([
    ['a record without id', { records: [{ ...record, id: undefined }] }],
    ['an unknown action', { records: [{ ...record, action: 'truncate' }] }],
    ['a delete with data', { records: [{ ...record, action: 'delete' }] }],
    ['an update without data', { records: [{ ...record, data: null }] }],
    ['a list for data', { records: [{ ...record, data: [] }] }],
    ['a nested value', { records: [{ ...record, data: { sku: { $gt: '' } } }] }],
    ['a fractional version', { records: [{ ...record, version: 1.5 }] }],
    ['a record that is a number', { records: [5] }],
    ['records that are no list', { records: {} }],
    ['a cursor of a megabyte', { cursor: 'x'.repeat(1024 * 1024) }],
    ['a negative position', { position: -1 }],
    ['no has_more', { has_more: undefined }],
  ])('F35 refuses a page with %s', async (_name, change) => {
    expect((await failureOfAnswer(200, EPOCH, JSON.stringify({ ...page, ...change }))).code).toBe(
      'transport_invalid_answer',
    );
  });

  it('F35 refuses values nested a hundred thousand deep, and __proto__', async () => {
    const text = JSON.stringify(page);
    const deep = text.replace('"sku":"s"', `"sku":${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect((await failureOfAnswer(200, EPOCH, deep)).code).toBe('transport_invalid_answer');
    const proto = text.replace('"sku":"s"', '"__proto__":{"polluted":1}');
    expect((await failureOfAnswer(200, EPOCH, proto)).code).toBe('transport_invalid_answer');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
