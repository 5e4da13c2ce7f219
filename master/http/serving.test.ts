import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../common/runtime/system-clock.ts';
import { startHttpServer } from './http-server.ts';
import { startTestMaster, type TestMaster } from './testkit/start-test-master.ts';

/** A promise that the test settles itself. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Waits until `condition` holds; the test's own deadline bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function withMaster(
  options: Parameters<typeof startTestMaster>[0],
  work: (master: TestMaster) => Promise<void>,
): Promise<void> {
  const master = await startTestMaster(options);
  try {
    await work(master);
  } finally {
    await master.stop();
  }
}

describe('without any token', () => {
  test('a local client is served under the name it gives itself', () =>
    withMaster({}, async (master) => {
      expect(
        (await master.post({ records: [] }, { headers: { 'sync-slave': 'till-1' } })).status,
      ).toBe(200);
      expect(master.calls.at(-1)?.args[0]).toEqual({ name: 'till-1', slave: null });
      await master.post({ records: [] }, { headers: { 'sync-slave': 'not a name' } });
      expect(master.calls.at(-1)?.args[0]).toEqual({ name: '', slave: null });
    }));

  test('what a proxy passes on, and what comes under a foreign name, is not local', () =>
    withMaster({}, async (master) => {
      for (const headers of [
        { 'x-forwarded-for': '10.0.0.9' },
        { via: '1.1 cache' },
        { forwarded: 'for=10.0.0.9' },
        { host: 'evil.example:8080' },
      ]) {
        const answer = await master.post({ records: [] }, { headers });
        expect([answer.status, answer.json?.['code']]).toEqual([403, 'auth_loopback_only']);
      }
    }));

  test('a token that nobody made is refused all the same', () =>
    withMaster({}, async (master) => {
      const answer = await master.post(
        { records: [] },
        { headers: { authorization: `Bearer tdw_${'a'.repeat(43)}` } },
      );
      expect(answer.json?.['code']).toBe('auth_invalid');
    }));

  test('revoking the last token does not open the master', () =>
    withMaster({}, async (master) => {
      const authorization = `Bearer ${master.addToken('till-1')}`;
      expect((await master.post({ records: [] }, { headers: { authorization } })).status).toBe(200);
      master.revokeAll();
      expect((await master.post({ records: [] })).json?.['code']).toBe('auth_required');
      expect(
        (await master.post({ records: [] }, { headers: { authorization } })).json?.['code'],
      ).toBe('auth_invalid');
    }));

  test('two tokens of one slave are valid at once, so that they can be exchanged', () =>
    withMaster({}, async (master) => {
      for (const token of [master.addToken('till-1'), master.addToken('till-1')]) {
        expect(
          (await master.post({ records: [] }, { headers: { authorization: `bearer ${token}` } }))
            .status,
        ).toBe(200);
        expect(master.calls.at(-1)?.args[0]).toMatchObject({ name: 'till-1' });
      }
    }));
});

describe('load', () => {
  test('B25 who asks too fast is told to wait, others are not affected', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    await withMaster(
      { clock, limits: { requestsPerSecond: 2, requestBurst: 3 } },
      async (master) => {
        const ask = async (token: string): Promise<number> =>
          (
            await master.send({
              path: '/api/sync/digest',
              headers: { authorization: `Bearer ${token}` },
            })
          ).status;
        const [fast, other] = [master.addToken('fast'), master.addToken('other')];
        expect([await ask(fast), await ask(fast), await ask(fast), await ask(fast)]).toEqual([
          200, 200, 200, 429,
        ]);
        expect(await ask(other)).toBe(200);
        const refused = await master.send({
          path: '/api/sync/digest',
          headers: { authorization: `Bearer ${fast}` },
        });
        expect(refused.json).toMatchObject({
          code: 'protocol_rate_limited',
          retryable: true,
          retryAfterMs: 1000,
        });
        expect(refused.headers['retry-after']).toBe('1');
        nowMs = 1000;
        expect([await ask(fast), await ask(fast), await ask(fast)]).toEqual([200, 200, 429]);
      },
    );
  });

  test('more uploads than there is place for are answered 503 with Retry-After, downloads go on', async () => {
    const { opened, open } = gate();
    const acceptUpload = async (): Promise<string> => {
      await opened;
      return '{}';
    };
    await withMaster(
      { useCases: { acceptUpload }, limits: { maxConcurrent: 2 } },
      async (master) => {
        const answers = [1, 2, 3].map(() => master.post({ records: [] }));
        const refused = await Promise.race(answers);
        expect([refused.status, refused.json?.['code'], refused.headers['retry-after']]).toEqual([
          503,
          'protocol_busy',
          '2',
        ]);
        expect((await master.send({ path: '/api/sync/digest' })).status).toBe(200);
        open();
        expect((await Promise.all(answers)).filter((answer) => answer.status === 200)).toHaveLength(
          2,
        );
        await until(() => master.lines.length >= 4);
        expect((await master.post({ records: [] })).status).toBe(200);
      },
    );
  });

  test('P12 bodies that fill the memory set aside for them are answered 503, and the memory is given back', () =>
    withMaster({ limits: { maxHeldBytes: 1000 } }, async (master) => {
      const large = { records: ['x'.repeat(2000)] };
      expect((await master.post(large)).json?.['code']).toBe('protocol_busy');
      for (let round = 0; round < 5; round += 1) {
        expect((await master.post({ records: ['x'.repeat(700)] })).status).toBe(200);
      }
    }));

  test('B26 a thousand requests over one connection and then a cut leave nothing behind', () =>
    withMaster({}, async (master) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = (): Promise<number> =>
        new Promise((resolve, reject) => {
          request({ port: master.port, path: '/api/sync/digest', agent }, (answer) => {
            answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
          })
            .on('error', reject)
            .end();
        });
      for (let count = 0; count < 1000; count += 1) expect(await ask()).toBe(200);
      agent.destroy();
      const pipelined = connect(master.port, '127.0.0.1');
      pipelined.write('GET /api/sync/digest HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
      await until(() => master.lines.length > 1050);
      pipelined.destroy();
      expect((await master.post({ records: [] })).status).toBe(200);
    }));
});

describe('the server', () => {
  test('B24 has a bound for headers, bodies and connections', async () => {
    const server = await startHttpServer((_request, response) => response.end(), {
      host: '127.0.0.1',
      port: 0,
      tls: null,
    });
    const { headersTimeout, requestTimeout, maxConnections } = server.server;
    expect({ headersTimeout, requestTimeout, maxConnections }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 300_000,
      maxConnections: 2000,
    });
    await server.stop(0);
  });

  test('a port that is taken is a fault of the settings, with what to do', async () => {
    const options = { host: '127.0.0.1', tls: null };
    const first = await startHttpServer((_request, response) => response.end(), {
      ...options,
      port: 0,
    });
    await expect(
      startHttpServer(() => undefined, { ...options, port: first.port }),
    ).rejects.toMatchObject({
      code: 'config_invalid',
      message: `cannot listen on HOST=127.0.0.1 PORT=${first.port}: the port is in use`,
    });
    await first.stop(0);
  });

  test('P16 stopping lets a running request end and takes no more', async () => {
    const { opened, open } = gate();
    const master = await startTestMaster({
      useCases: {
        acceptUpload: async () => {
          await opened;
          return '{"done":true}';
        },
      },
    });
    const idle = connect(master.port, '127.0.0.1');
    idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const running = master.post({ records: [] });
    await until(() => idle.bytesRead > 0);
    const stopped = master.stop(60_000);
    await expect(master.send({ path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
    open();
    expect((await running).json).toEqual({ done: true });
    await stopped;
    idle.destroy();
  });

  test('P16 what does not end in time is cut', async () => {
    const { opened, open } = gate();
    const acceptUpload = (): Promise<string> => {
      open();
      return new Promise(() => undefined);
    };
    const master = await startTestMaster({ useCases: { acceptUpload } });
    const running = master.post({ records: [] });
    const outcome = running.then(
      () => 'answered',
      (error: unknown) => String(error),
    );
    await opened;
    await master.stop(50);
    expect(await outcome).toMatch(/hang up|ECONNRESET/);
  });
});

describe('probes', () => {
  test.each(['', '/api/sync'])('healthz and readyz are open at %s/', (prefix) =>
    withMaster({}, async (master) => {
      master.addToken('till-1');
      expect((await master.send({ path: `${prefix}/healthz` })).json).toEqual({ status: 'ok' });
      expect((await master.send({ path: `${prefix}/readyz` })).json).toEqual({ status: 'ok' });
    }),
  );

  test('without a database the process is healthy and not ready', async () => {
    const fail = () => Promise.reject(new Error('connect ECONNREFUSED'));
    await withMaster({ ping: fail, epoch: () => Promise.resolve(null) }, async (master) => {
      const health = await master.send({ path: '/healthz' });
      expect([health.status, health.headers['sync-epoch']]).toEqual([200, undefined]);
      const ready = await master.send({ path: '/readyz' });
      expect([ready.status, ready.json?.['code']]).toEqual([503, 'storage_unavailable']);
      expect(ready.headers['retry-after']).toBe('5');
    });
  });
});

describe('the log', () => {
  test('has one line a request: who, what, how it ended, and no query, token or value', () =>
    withMaster({}, async (master) => {
      const token = master.addToken('till-1');
      const authorization = `Bearer ${token}`;
      await master.post({ records: ['row value'] }, { headers: { authorization } });
      await master.send({ path: '/api/sync/download?cursor=private', headers: { authorization } });
      await master.send({ path: '/api/sync/download?limit=0', headers: { authorization } });
      await master.send({ path: '/healthz' });
      await until(() => master.lines.length >= 4);
      const lines = master.lines.filter((line) => line.level === 'info');
      expect(
        lines.map(({ message, fields }) => [
          message,
          fields['method'],
          fields['path'],
          fields['status'],
          fields['slave'],
          fields['code'],
        ]),
      ).toEqual([
        ['request', 'POST', '/api/sync/upload', 200, 'till-1', undefined],
        ['request', 'GET', '/api/sync/download', 200, 'till-1', undefined],
        ['request', 'GET', '/api/sync/download', 400, 'till-1', 'limit_invalid'],
      ]);
      expect(
        lines.every(
          ({ fields }) => Number(fields['bytesSent']) > 100 && Number(fields['durationMs']) >= 0,
        ),
      ).toBe(true);
      const text = JSON.stringify(master.lines);
      for (const hidden of [token, 'row value', 'private']) expect(text).not.toContain(hidden);
    }));
});
