import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inOrder, startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { htmlPage, redirectTo, refusal } from './fault.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let seen: Seen[];
let proxy: FaultProxy;
let target: ReturnType<typeof createServer>;

const targetUrl = (): string => `http://127.0.0.1:${(target.address() as AddressInfo).port}`;

beforeEach(async () => {
  seen = [];
  target = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: body.toString() });
      response.setHeader('sync-epoch', 'e1');
      // Two writes without a length: the answer is chunked.
      response.write(`answer ${seen.length} `);
      response.end('x'.repeat(2000));
    });
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy(targetUrl());
});

afterEach(async () => {
  await proxy.close();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

/** One POST on a connection of its own; rejects with the code of Node's error. */
function post(body: string, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: false as const,
      ...(signal === undefined ? {} : { signal }),
    };
    const sent = httpRequest(`${proxy.url}/api/sync/upload?a=1`, options, (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes.toString(),
          }),
        reject,
      );
    });
    sent.setHeader('authorization', 'Bearer secret');
    sent.on('error', reject);
    sent.end(body);
  });
}

const failureOf = (attempt: Promise<Answer>): Promise<string> =>
  attempt.then(
    () => 'none',
    (error: NodeJS.ErrnoException) => error.code ?? error.name,
  );

describe('startFaultProxy', () => {
  it('hands request and answer through unchanged, and logs them', async () => {
    const answer = await post('{"records":[]}');
    expect(answer.status).toBe(200);
    expect(answer.headers['sync-epoch']).toBe('e1');
    expect(answer.body).toBe(`answer 1 ${'x'.repeat(2000)}`);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/api/sync/upload?a=1',
      body: '{"records":[]}',
    });
    expect(seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(proxy.requests[0]).toMatchObject({
      index: 0,
      method: 'POST',
      url: '/api/sync/upload?a=1',
      fault: 'pass',
      status: 200,
      targetStatuses: [200],
    });
    expect(proxy.requests[0]?.bodySha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('lets a body of megabytes and a GET without body through', async () => {
    await post('y'.repeat(3_000_000));
    expect(seen[0]?.body).toHaveLength(3_000_000);
    const answer = await fetch(`${proxy.url}/api/sync/download`);
    expect(answer.status).toBe(200);
    expect(seen[1]).toMatchObject({ method: 'GET', body: '' });
  });

  it('drops a request before the target sees it', async () => {
    proxy.script(inOrder({ kind: 'drop-request' }));
    expect(await failureOf(post('a'))).toBe('ECONNRESET');
    expect(seen).toEqual([]);
    expect((await post('a')).status).toBe(200);
    expect(proxy.requests.map((request) => request.status)).toEqual([null, 200]);
    expect(proxy.requests[0]?.bodySha256).toBe(proxy.requests[1]?.bodySha256);
  });

  it('drops an answer after the target has done its work', async () => {
    proxy.script(inOrder({ kind: 'drop-response' }));
    expect(await failureOf(post('a'))).toBe('ECONNRESET');
    expect(seen).toHaveLength(1);
    expect(proxy.requests[0]).toMatchObject({ status: null, targetStatuses: [200] });
  });

  it.each([
    ['first', 'answer 1 '],
    ['second', 'answer 2 '],
  ] as const)('sends a request twice and hands the %s answer through', async (which, expected) => {
    proxy.script(inOrder({ kind: 'duplicate', answer: which }));
    expect((await post('a')).body).toContain(expected);
    expect(seen.map((one) => one.body)).toEqual(['a', 'a']);
    expect(proxy.requests[0]?.targetStatuses).toEqual([200, 200]);
  });

  it.each(['fin', 'rst'] as const)('cuts an answer within its head (%s)', async (end) => {
    proxy.script(inOrder({ kind: 'cut', afterBytes: 30, end }));
    expect(await failureOf(post('a'))).toMatch(/^(ECONNRESET|HPE_INVALID_EOF_STATE)$/);
    expect(seen).toHaveLength(1);
  });

  it.each(['fin', 'rst'] as const)('cuts an answer within its body (%s)', async (end) => {
    proxy.script(inOrder({ kind: 'cut', afterBytes: 800, end }));
    expect(await failureOf(post('a'))).toBe('ECONNRESET');
    expect(proxy.requests[0]?.status).toBe(200);
  });

  it('drips an answer that arrives whole in the end', async () => {
    proxy.script(inOrder({ kind: 'drip', bytes: 500, everyMs: 1 }));
    expect((await post('a')).body).toBe(`answer 1 ${'x'.repeat(2000)}`);
  });

  it('delays a request and then hands it through', async () => {
    proxy.script(inOrder({ kind: 'delay', ms: 5 }));
    expect((await post('a')).status).toBe(200);
  });

  it('answers in the place of the target', async () => {
    proxy.script(
      inOrder(
        htmlPage,
        redirectTo('http://portal.example/'),
        refusal(413),
        refusal(429, '7'),
        refusal(503),
      ),
    );
    const page = await post('a');
    expect(page).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    expect(page.body).toContain('<!doctype html>');
    expect(await post('a')).toMatchObject({
      status: 302,
      headers: { location: 'http://portal.example/' },
    });
    expect((await post('a')).status).toBe(413);
    expect(await post('a')).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7' },
      body: '',
    });
    expect((await post('a')).status).toBe(503);
    expect(seen).toEqual([]);
  });

  it('can let the target work although another answers', async () => {
    proxy.script(inOrder({ kind: 'replace', status: 504, body: 'gateway timeout', forward: true }));
    expect(await post('a')).toMatchObject({ status: 504, body: 'gateway timeout' });
    expect(seen).toHaveLength(1);
  });

  it('swallows a request in a black hole until the client gives up', async () => {
    proxy.script(inOrder({ kind: 'black-hole' }));
    const giveUp = new AbortController();
    const attempt = failureOf(post('a', giveUp.signal));
    await expect.poll(() => proxy.requests.length).toBe(1);
    giveUp.abort();
    expect(await attempt).toBe('ABORT_ERR');
    expect(seen).toEqual([]);
  });

  it('ends black holes when it closes', async () => {
    proxy.script(() => ({ kind: 'black-hole', forward: true }));
    const attempt = failureOf(post('a'));
    await expect.poll(() => seen.length).toBe(1);
    await proxy.close();
    expect(await attempt).toBe('ECONNRESET');
    proxy = await startFaultProxy(targetUrl());
  });

  it('looks like a dropped connection while the target is away, and follows it to another port', async () => {
    const away = await startFaultProxy('http://127.0.0.1:1');
    const unreachable = await fetch(away.url).then(
      () => 'answered',
      () => 'failed',
    );
    away.retarget(targetUrl());
    const reached = await fetch(away.url);
    await reached.text();
    await away.close();
    expect([unreachable, reached.status]).toEqual(['failed', 200]);
  });

  it('decides by what it sees of a request', async () => {
    proxy.script((request) => (request.body.includes('bad') ? refusal(503) : undefined));
    expect([(await post('good')).status, (await post('bad')).status]).toEqual([200, 503]);
  });

  it('refuses targets that it cannot reach', async () => {
    await expect(startFaultProxy('https://example.org')).rejects.toThrow(
      'does not begin with http://',
    );
    await expect(startFaultProxy('http://localhost/path')).rejects.toThrow('has a path');
  });
});
