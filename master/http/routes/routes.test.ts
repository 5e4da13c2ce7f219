import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SyncError } from '../../../common/core/sync-error.ts';
import { startTestMaster, type RawAnswer, type TestMaster } from '../testkit/start-test-master.ts';
import { syncRoutes } from './registry.ts';

const slaveHeaders = { 'sync-protocol': '1', 'sync-incarnation': 'inc-1', 'sync-slave': 'till-1' };

const outcome = (answer: RawAnswer): string => `${answer.status} ${String(answer.json?.['code'])}`;

describe('routes', () => {
  let master: TestMaster;

  beforeAll(async () => {
    master = await startTestMaster();
  });
  afterAll(() => master.stop());

  const lastCall = () => master.calls.at(-1);
  const download = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    master.send({ path: `/api/sync/download${query}`, headers });

  test('every route file is in the registry', () => {
    const folder = new URL('.', import.meta.url);
    const declared = readdirSync(folder)
      .filter(
        (file) =>
          !file.endsWith('.test.ts') && !['route.ts', 'registry.ts', 'health.ts'].includes(file),
      )
      .flatMap((file) =>
        [...readFileSync(new URL(file, folder), 'utf8').matchAll(/path: '(.+)'/g)].map(
          (match) => match[1],
        ),
      );
    expect(new Set(syncRoutes.map((route) => route.path))).toEqual(new Set(declared));
  });

  test('B27 records that are missing or no list are named; none at all is fine; too many are refused with the limit', async () => {
    const missing = await master.post({});
    expect(outcome(missing)).toBe('400 protocol_invalid_request');
    expect(missing.json?.['errors']).toMatchObject([{ pointer: '/records', code: 'invalid_type' }]);
    expect(outcome(await master.post({ records: {} }))).toBe('400 protocol_invalid_request');
    expect(outcome(await master.post({ records: [] }))).toBe('200 undefined');
    const many = await master.post({ records: Array.from({ length: 5001 }, () => 1) });
    expect([outcome(many), many.json?.['details']]).toEqual([
      '413 batch_too_large',
      { limit: 5000 },
    ]);
  });

  test('B28 a body over the limit is refused before it is read, and the answer arrives', async () => {
    const answer = await master.post(Buffer.alloc(9 * 1024 * 1024, 32));
    expect([outcome(answer), answer.json?.['details']]).toEqual([
      '413 body_too_large',
      { limit: 8 * 1024 * 1024 },
    ]);
    expect(answer.json?.['retryable']).toBe(true);
  });

  test.each([
    { op: 1, first_op: 0 },
    { first_op: 1.5 },
    { first_op: '5' },
    { last_op: -1 },
    { batch_id: '' },
    { batch_id: 'x'.repeat(65) },
    { sent_at: 5 },
  ])('B33 an envelope with wrong values is refused: %o', async (fields) => {
    const answer = await master.post({ records: [], ...fields });
    expect(answer.status).toBe(400);
  });

  test('B33 an operation number beyond 2^53 is refused, not rounded', async () => {
    expect(outcome(await master.post('{"records":[],"first_op":9007199254740993}'))).toBe(
      '400 protocol_invalid_request',
    );
  });

  test('P13 numbers in records reach the use case exactly', async () => {
    await master.post('{"records":[{"data":{"quantity":9007199254740993,"unit_price":0.1}}]}');
    expect(lastCall()?.args[1]).toEqual({
      records: [{ data: { quantity: '9007199254740993', unit_price: 0.1 } }],
    });
  });

  test('the answer of an upload goes out as the text that was stored', async () => {
    const answer = await master.post({ records: [1, 2] });
    expect(answer.text).toBe('{"batch_id":null,  "accepted":2}');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test('B57 another protocol is answered 426, in the header and in the envelope', async () => {
    const byHeader = await master.post(
      { records: [] },
      { headers: { ...slaveHeaders, 'sync-protocol': '2' } },
    );
    expect([outcome(byHeader), byHeader.json?.['details']]).toEqual([
      '426 protocol_version',
      { supported: [1] },
    ]);
    expect(
      outcome(await master.post({ records: [] }, { headers: { 'sync-protocol': 'abc' } })),
    ).toBe('426 protocol_version');
    expect(outcome(await master.post({ records: [], protocol: 2 }))).toBe('426 protocol_version');
  });

  test('WIRE3 a request with Sync-Protocol comes from a slave, one without from a plain client', async () => {
    await master.post(
      { records: [] },
      {
        headers: {
          ...slaveHeaders,
          'sync-nonce': 'n-1',
          'sync-exchange': 'x-1',
          'sync-program': 'tidewater/0.1',
        },
      },
    );
    expect(lastCall()?.args[0]).toEqual({
      name: 'till-1',
      slave: {
        protocol: 1,
        incarnation: 'inc-1',
        nonce: 'n-1',
        exchangeId: 'x-1',
        program: 'tidewater/0.1',
      },
    });
    await master.post({ records: [] });
    expect(lastCall()?.args[0]).toEqual({ name: '', slave: null });
  });

  test('ID1 a slave must name itself and its database', async () => {
    for (const left of ['sync-incarnation', 'sync-slave']) {
      const headers = Object.fromEntries(
        Object.entries(slaveHeaders).filter(([name]) => name !== left),
      );
      expect(outcome(await master.post({ records: [] }, { headers }))).toBe(
        '400 protocol_invalid_request',
      );
    }
    expect(
      outcome(
        await master.post({ records: [] }, { headers: { ...slaveHeaders, 'sync-nonce': 'a b' } }),
      ),
    ).toBe('400 protocol_invalid_request');
  });

  test('ID2 the exchange begins before the route, and its nonce is in the answer', async () => {
    const before = master.calls.length;
    const answer = await master.post(
      { records: [] },
      { headers: { ...slaveHeaders, 'sync-exchange': 'x-1' } },
    );
    expect(master.calls.slice(before).map((call) => call.name)).toEqual([
      'beginExchange',
      'acceptUpload',
    ]);
    expect(answer.headers['sync-nonce']).toBe('nonce-2');
    const later = await master.post({ records: [] }, { headers: slaveHeaders });
    expect(later.headers['sync-nonce']).toBeUndefined();
  });

  test('ID4 enrolling comes before any exchange, and only slaves do it', async () => {
    const body = { incarnation: 'inc-2', replaces: null, operations: [], final: true };
    const before = master.calls.length;
    const answer = await master.post(body, { path: '/api/sync/enroll', headers: slaveHeaders });
    expect(answer.status).toBe(200);
    expect(master.calls.slice(before).map((call) => call.name)).toEqual(['enrollSlave']);
    expect(outcome(await master.post(body, { path: '/api/sync/enroll' }))).toBe(
      '400 protocol_invalid_request',
    );
  });

  test.each(['?cursor=', `?cursor=${'x'.repeat(600)}`, '?cursor=a&cursor=b'])(
    'B58 a cursor that cannot be one is refused: %s',
    async (query) => {
      expect(outcome(await download(query))).toBe('400 cursor_invalid');
    },
  );

  test('B58 operator forms are unknown parameters', async () => {
    expect(outcome(await download('?cursor[$gt]=1'))).toBe('400 protocol_unknown_field');
    expect(outcome(await download('?where=1'))).toBe('400 protocol_unknown_field');
    expect(outcome(await download('?__proto__=1'))).toBe('400 protocol_unknown_field');
  });

  test.each(['0', '-1', '5001', '1e9', 'NaN', '5;%20drop', '1.5', '', '0x10', '1&limit=2'])(
    'B62 the limit "%s" is refused',
    async (limit) => {
      expect(outcome(await download(`?limit=${limit}`))).toBe('400 limit_invalid');
    },
  );

  test.each([
    'tables=users',
    'tables=sqlite_master',
    'tables=',
    'tables=inventories,',
    'tables=INVENTORIES',
    'tables[]=inventories&tables[]=x',
    'tables=__proto__',
  ])('B63 a table that is not synced is refused: %s', async (query) => {
    expect(outcome(await download(`?${query}`))).toBe('400 protocol_table_unknown');
  });

  test.each([
    'tables=inventories,transactions',
    'tables=inventories&tables=transactions',
    'tables[]=inventories&tables%5B%5D=transactions',
    'tables[0]=inventories&tables[1]=transactions',
  ])('tables may be given as %s', async (query) => {
    expect((await download(`?${query}`)).status).toBe(200);
    expect(lastCall()?.args[1]).toEqual({ tables: ['inventories', 'transactions'] });
  });

  test.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.123456Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31 12:00:00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00%2B02:00', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
  ])('last_synced_at takes %s', async (text, time) => {
    expect((await download(`?last_synced_at=${text.replace(' ', '%20')}`)).status).toBe(200);
    expect(lastCall()?.args[1]).toEqual({ lastSyncedAt: time });
  });

  test.each([
    '',
    'yesterday',
    '2026-02-30T00:00:00Z',
    '1700000000',
    '2026-01-31T25:00:00Z',
    '2026-01-01T00:00:00Z&last_synced_at=2026-01-01T00:00:00Z',
  ])('last_synced_at refuses "%s"', async (text) => {
    expect(outcome(await download(`?last_synced_at=${text}`))).toBe('400 time_invalid');
  });

  test('DOWN5 a plain client without cursor and limit gets the whole answer as a stream', async () => {
    const answer = await download('');
    expect(answer.json).toEqual({ records: [], has_more: false });
    expect(answer.headers['transfer-encoding']).toBe('chunked');
  });

  test('DOWN5 a cursor or a limit asks for a page; a slave always gets pages', async () => {
    await download('?limit=7');
    expect(lastCall()).toMatchObject({ name: 'serveDownload', args: [{}, { limit: 7 }] });
    await download('?cursor=abc');
    expect(lastCall()).toMatchObject({
      name: 'serveDownload',
      args: [{}, { cursor: 'abc', limit: 1000 }],
    });
    await download('', slaveHeaders);
    expect(lastCall()).toMatchObject({ name: 'serveDownload', args: [{}, { limit: 1000 }] });
  });

  test("acknowledge takes the seed's body and hands on a canonical time", async () => {
    const body = {
      timestamp: '2025-08-30T09:00:00Z',
      status: 'success',
      message: 'Optional message',
    };
    const answer = await master.post(body, { path: '/api/sync/acknowledge' });
    expect(answer.json).toEqual({ acknowledged: true });
    expect(lastCall()?.args[1]).toEqual({ ...body, timestamp: '2025-08-30T09:00:00.000Z' });
    const wrong = await master.post(
      { ...body, timestamp: 'now' },
      { path: '/api/sync/acknowledge' },
    );
    expect(outcome(wrong)).toBe('400 time_invalid');
    const unknown = await master.post(
      { ...body, status: 'great' },
      { path: '/api/sync/acknowledge' },
    );
    expect(unknown.json?.['errors']).toMatchObject([{ pointer: '/status' }]);
  });

  test('VER1 digests of tables and of rows', async () => {
    expect((await master.send({ path: '/api/sync/digest' })).json).toEqual({
      position: 1,
      tables: [],
    });
    await master.send({ path: '/api/sync/digest/rows?table=inventories&after=b%2F1' });
    expect(lastCall()).toEqual({ name: 'serveDigestRows', args: ['inventories', 'b/1'] });
    await master.send({ path: '/api/sync/digest/rows?table=inventories' });
    expect(lastCall()?.args[1]).toBeNull();
    const wrong = [
      '',
      '?table=users',
      '?table=inventories&after=' + 'x'.repeat(200),
      '?table=inventories&x=1',
      '?table=inventories&table=inventories',
    ];
    for (const query of wrong)
      expect((await master.send({ path: `/api/sync/digest/rows${query}` })).status).toBe(400);
  });
});

describe('answers', () => {
  test('a large answer is packed for who takes gzip, a small one is not', async () => {
    const text = JSON.stringify({ rows: 'row '.repeat(5000) });
    const master = await startTestMaster({
      useCases: { acceptUpload: () => Promise.resolve(text) },
    });
    const packed = await master.post(
      { records: [] },
      { headers: { 'accept-encoding': 'gzip, br' } },
    );
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.bytes.length).toBeLessThan(1000);
    expect(gunzipSync(packed.bytes).toString()).toBe(text);
    const plain = await master.post({ records: [] });
    expect([plain.headers['content-encoding'], plain.text]).toEqual([undefined, text]);
    const small = await master.send({
      path: '/api/sync/digest',
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(small.headers['content-encoding']).toBeUndefined();
    const stream = await master.send({
      path: '/api/sync/download',
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(JSON.parse(gunzipSync(stream.bytes).toString())).toEqual({
      records: [],
      has_more: false,
    });
    await master.stop();
  });

  test('DOWN5 a stream that fails at once is a problem, one that fails later is cut so that nobody takes it for whole', async () => {
    let yields = 0;
    async function* failing(): AsyncGenerator<string> {
      for (let piece = 0; piece < yields; piece += 1) yield '{"records":[';
      throw new SyncError('storage_unavailable', 'gone');
    }
    const master = await startTestMaster({ useCases: { streamDownload: failing } });
    expect(outcome(await master.send({ path: '/api/sync/download' }))).toBe(
      '503 storage_unavailable',
    );
    yields = 1;
    for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
      await expect(master.send({ path: '/api/sync/download', headers })).rejects.toThrow(
        /aborted|socket hang up|ECONNRESET/,
      );
    }
    expect((await master.send({ path: '/healthz' })).status).toBe(200);
    await master.stop();
  });

  test('what nobody foresaw is answered 500 without what happened inside, which the log has', async () => {
    const master = await startTestMaster({
      useCases: { acceptUpload: () => Promise.reject(new TypeError('secret inside')) },
    });
    const answer = await master.post({ records: [] });
    expect(outcome(answer)).toBe('500 internal_error');
    expect(answer.text).not.toContain('secret inside');
    const line = master.lines.find((entry) => entry.level === 'error');
    expect(line?.fields['requestId']).toBe(answer.json?.['requestId']);
    expect(String(line?.fields['error'])).toContain('secret inside');
    await master.stop();
  });

  test('codes that are no answers, and words of the driver, stay inside', async () => {
    let error = new SyncError('config_invalid', 'PORT is wrong');
    const master = await startTestMaster({
      useCases: { serveDigest: () => Promise.reject(error) },
    });
    expect(outcome(await master.send({ path: '/api/sync/digest' }))).toBe('500 internal_error');
    error = new SyncError('storage_unavailable', 'connect ECONNREFUSED 10.0.0.5:5432');
    const answer = await master.send({ path: '/api/sync/digest' });
    expect(outcome(answer)).toBe('503 storage_unavailable');
    expect(answer.text).not.toContain('10.0.0.5');
    expect(answer.headers['retry-after']).toBe('5');
    error = new SyncError('sequence_gap', 'operation 9 came, 5 was expected', {
      details: { expected_op: 5 },
    });
    const gap = await master.send({ path: '/api/sync/digest' });
    expect([outcome(gap), gap.json?.['details']]).toEqual(['409 sequence_gap', { expected_op: 5 }]);
    await master.stop();
  });
});
