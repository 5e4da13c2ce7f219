import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestMaster, testEpoch, type TestMaster } from './testkit/start-test-master.ts';

const maxBodyBytes = 256 * 1024;
const secret = `tdw_${'s'.repeat(43)}`;

describe('any endpoint', () => {
  let master: TestMaster;
  let authorization: string;

  beforeAll(async () => {
    master = await startTestMaster({ limits: { maxBodyBytes } });
    authorization = `Bearer ${master.addToken('till-1')}`;
  });
  afterAll(() => master.stop());

  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    master.post(body, { headers: { authorization, ...headers } });
  const codeOf = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await post(body, headers);
    return `${answer.status} ${String(answer.json?.['code'])}`;
  };

  test('B1 no Authorization is answered 401 with the scheme', async () => {
    const answer = await master.post({ records: [] });
    expect([answer.status, answer.json?.['code']]).toEqual([401, 'auth_required']);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test('B2 every malformed credential gets the answer of an unknown token', async () => {
    const wrong = [
      'Bearer',
      'Bearer ',
      `Bearer ${secret}`,
      `Bearer ${secret} x`,
      `Bearer ${'x'.repeat(8000)}`,
      'Bearer t\u00e4dw',
      'Basic dGlsbDp0aWxs',
      secret,
    ];
    for (const value of wrong) {
      const answer = await master.post({ records: [] }, { headers: { authorization: value } });
      expect([value, answer.status, answer.json?.['code']]).toEqual([value, 401, 'auth_invalid']);
      expect(answer.json?.['detail']).toBe('the bearer token is unknown, revoked or malformed');
    }
  });

  test('B2 two Authorization headers are refused even when both are right', async () => {
    const line = `Authorization: ${authorization}\r\n`;
    const answer = await master.raw(
      `GET /api/sync/digest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}${line}\r\n`,
    );
    expect(answer).toContain('401');
    expect(answer).toContain('auth_invalid');
  });

  test('B2 headers over the limit of 16 KiB are answered 431', async () => {
    const answer = await master.raw(
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });

  test('B3 a token in the query is neither accepted nor logged', async () => {
    const token = authorization.slice('Bearer '.length);
    const answer = await master.send({
      path: `/api/sync/digest?token=${token}&access_token=${token}`,
    });
    expect(answer.status).toBe(401);
    expect(JSON.stringify(master.lines)).not.toContain(token);
  });

  test('B4 the token of one slave and the name of another are answered 403', async () => {
    expect(await codeOf({ records: [] }, { 'sync-slave': 'till-2' })).toBe('403 slave_mismatch');
    expect(await codeOf({ records: [] }, { 'sync-slave': 'till-1' })).toBe('200 undefined');
  });

  test('B5 a revoked token is refused from the next request on', async () => {
    const other = `Bearer ${master.addToken('till-9', { revokedAt: '2026-01-01T00:00:00.000Z' })}`;
    const answer = await master.post({ records: [] }, { headers: { authorization: other } });
    expect([answer.status, answer.json?.['code']]).toEqual([401, 'auth_invalid']);
  });

  test('B6 a wrong method is answered 405 with the right one, and there is no CORS', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'HEAD']) {
      const answer = await master.send({
        method,
        path: '/api/sync/upload',
        headers: { authorization, origin: 'https://a.example' },
      });
      expect([method, answer.status, answer.headers['allow']]).toEqual([method, 405, 'POST']);
      expect(
        Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
      ).toEqual([]);
    }
    const answer = await master.send({
      method: 'POST',
      path: '/api/sync/download',
      headers: { authorization },
    });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test.each([
    '/',
    '/api/sync',
    '/api/sync/',
    '//api/sync/upload',
    '/api/sync/uploads',
    '/api/sync/upload/',
    '/api/sync/%2e%2e/upload',
    '/api/sync/upload%00',
    '/API/SYNC/UPLOAD',
    `/${'p'.repeat(8000)}`,
  ])('B7 an unknown path is answered 404: %s', async (path) => {
    const answer = await master.send({ path, headers: { authorization } });
    expect([answer.status, answer.json?.['code']]).toEqual([404, 'protocol_not_found']);
  });

  test.each([
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=utf-16',
    'application/jsonx',
  ])('B8 Content-Type "%s" is answered 415', async (type) => {
    expect(await codeOf({ records: [] }, { 'content-type': type })).toBe(
      '415 protocol_unsupported_media_type',
    );
  });

  test('B8 the type may name its charset', async () => {
    expect(
      await codeOf({ records: [] }, { 'content-type': 'Application/JSON; charset="UTF-8"' }),
    ).toBe('200 undefined');
  });

  test.each(['zstd', 'br', 'gzip, gzip', 'deflate', 'nonsense'])(
    'B9 Content-Encoding "%s" is answered 415',
    async (encoding) => {
      expect(await codeOf({ records: [] }, { 'content-encoding': encoding })).toBe(
        '415 protocol_unsupported_encoding',
      );
    },
  );

  test('B10 damaged gzip is answered 400', async () => {
    const packed = gzipSync('{"records":[]}');
    const gzip = { 'content-encoding': 'gzip' };
    expect(await codeOf(packed, gzip)).toBe('200 undefined');
    const damaged = [
      Buffer.from('not gzip'),
      Buffer.concat([packed, Buffer.from('garbage')]),
      Buffer.concat([packed, Buffer.alloc(4)]),
      packed.subarray(0, -3),
      packed.subarray(0, 12),
    ];
    for (const body of damaged) expect(await codeOf(body, gzip)).toBe('400 protocol_bad_encoding');
  });

  test('B11 a gzip bomb is answered 413 with the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    const answer = await post(bomb, { 'content-encoding': 'gzip' });
    expect([answer.status, answer.json?.['code'], answer.json?.['details']]).toEqual([
      413,
      'body_too_large',
      { limit: maxBodyBytes },
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024);
  });

  test('B12 lengths that lie are refused or cut, and nothing is applied', async () => {
    const before = master.calls.length;
    const head = `POST /api/sync/upload HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\n`;
    const body = '{"records":[]}';
    const wrong = [
      `Content-Length: 14\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `Content-Length: -1\r\n\r\n${body}`,
      `Content-Length: 14\r\nContent-Length: 15\r\n\r\n${body}`,
      `Content-Length: 9\r\nConnection: close\r\n\r\n${body}`,
    ];
    for (const rest of wrong) expect(await master.raw(head + rest)).toMatch(/^HTTP\/1\.1 400/);
    expect(await master.raw(`${head}Content-Length: 99\r\n\r\n${body}`, true)).toMatch(
      /^(?:HTTP\/1\.1 400|$)/,
    );
    expect(master.calls.slice(before).filter((call) => call.name === 'acceptUpload')).toEqual([]);
  });

  test('B13 a body that is cut off is not applied', async () => {
    const before = master.calls.length;
    const head = `POST /api/sync/upload HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    await master.raw(`${head}e\r\n{"records":[]}\r\n`, true);
    expect(master.calls.slice(before).filter((call) => call.name === 'acceptUpload')).toEqual([]);
  });

  test.each(['null', '5', '"x"', '[]', 'true'])(
    'B14 the body %s is answered 400 at the root',
    async (body) => {
      const answer = await post(body);
      expect([answer.status, answer.json?.['code']]).toEqual([400, 'protocol_invalid_request']);
      expect(answer.json?.['errors']).toEqual([
        { pointer: '', code: 'invalid_type', detail: 'an object expected' },
      ]);
    },
  );

  test('B14 an empty body is answered 400', async () => {
    expect(await codeOf('')).toBe('400 protocol_malformed_json');
  });

  test.each([
    '{',
    '{"records":[],}',
    '{/**/"records":[]}',
    "{'records':[]}",
    '{"records":[NaN]}',
    '{"records":[Infinity]}',
    '{"records":[1e400]}',
    '\uFEFF{"records":[]}',
    'records=1',
  ])('B15 what is not JSON is answered 400: %s', async (body) => {
    expect(await codeOf(body)).toBe('400 protocol_malformed_json');
  });

  test('B16 invalid UTF-8 is refused, never replaced', async () => {
    const wrap = (...bytes: readonly number[]) =>
      Buffer.concat([Buffer.from('{"records":["'), Buffer.from(bytes), Buffer.from('"]}')]);
    for (const body of [
      wrap(0xff),
      wrap(0xc0, 0xaf),
      wrap(0xed, 0xa0, 0x80),
      wrap(0xe2, 0x82),
      Buffer.from('{"records":[]}', 'utf16le').subarray(1),
    ]) {
      expect(await codeOf(body)).toMatch(/^400 protocol_(?:invalid_utf8|malformed_json)$/);
    }
    expect(await codeOf(wrap(0xff))).toBe('400 protocol_invalid_utf8');
  });

  test('B17 33 levels and more are answered 400', async () => {
    expect(await codeOf(`{"records":${'['.repeat(32)}${']'.repeat(32)}}`)).toBe(
      '400 protocol_too_deep',
    );
    expect(await codeOf('['.repeat(100_000))).toBe('400 protocol_too_deep');
    expect(await codeOf('{"a":'.repeat(40_000))).toBe('400 protocol_too_deep');
  });

  test('B18 duplicate keys are answered 400, in the envelope and in rows', async () => {
    expect(await codeOf('{"records":[],"records":[]}')).toBe('400 protocol_duplicate_key');
    expect(await codeOf('{"records":[{"data":{"a":1,"a":2}}]}')).toBe('400 protocol_duplicate_key');
  });

  test('B19 names of object internals are unknown fields and change nothing', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      expect(await codeOf(`{"records":[],"${name}":{"polluted":1}}`)).toBe(
        '400 protocol_unknown_field',
      );
    }
    expect(await codeOf('{"records":[{"__proto__":{"polluted":1}}]}')).toBe('200 undefined');
    expect('polluted' in {}).toBe(false);
  });

  test('B20 unknown fields are refused, those beginning with x- are passed over', async () => {
    expect(await codeOf({ records: [], is_admin: true })).toBe('400 protocol_unknown_field');
    expect(await codeOf({ records: [], 'x-trace': 1 })).toBe('200 undefined');
  });

  test('B21 many keys, long keys and long texts are read or refused, not choked on', async () => {
    const keys = JSON.stringify(
      Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, 1])),
    );
    const answer = await post(keys);
    expect(answer.status).toBe(400);
    expect(answer.json?.['errors']).toHaveLength(50);
    expect(await codeOf(`{"${'k'.repeat(200_000)}":1}`)).toBe('400 protocol_unknown_field');
    expect(await codeOf({ records: ['x'.repeat(300_000)] })).toBe('413 body_too_large');
  });

  test('B22 strings made to stall patterns are answered like any other', async () => {
    const hostile = 'a'.repeat(100_000);
    expect(await codeOf({ records: [], sent_at: `${hostile}!` })).toBe(
      '400 protocol_invalid_request',
    );
    expect(await codeOf(`{"records":[${'1'.repeat(100_000)}]}`)).toBe(
      '400 protocol_malformed_json',
    );
    expect(await codeOf(`{"records":[0.${'1'.repeat(100_000)}]}`)).toBe('200 undefined');
  });

  test('B23 Host and forwarding headers build nothing', async () => {
    const answer = await post(
      { records: [] },
      { host: 'a@evil.example', 'x-forwarded-for': '1.1.1.1', 'x-forwarded-host': 'evil.example' },
    );
    expect(answer.status).toBe(200);
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain('evil');
  });

  test('WIRE4 every answer names the epoch, the protocol and the request, refusals too', async () => {
    for (const path of ['/healthz', '/api/sync/nothing', '/api/sync/digest']) {
      const { headers } = await master.send({ path });
      expect([headers['sync-epoch'], headers['sync-protocol']]).toEqual([testEpoch, '1']);
      expect(headers['sync-request-id']).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  test('answers say that nothing may be guessed, kept or framed, and not what made them', async () => {
    const { headers } = await post({ records: [] });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['server']).toBeUndefined();
  });

  test('a problem has the form of RFC 9457 and repeats no foreign control characters', async () => {
    const answer = await post({ records: [], ['\u001b]52;c;\u0007\u202e']: 1 });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({
      type: 'urn:sync:error:protocol_unknown_field',
      status: 400,
      code: 'protocol_unknown_field',
      retryable: false,
      requestId: answer.headers['sync-request-id'],
    });
    const body = JSON.stringify(answer.json);
    expect(body).not.toContain('\\u001b');
    expect(body).not.toContain('\u202e');
  });
});
