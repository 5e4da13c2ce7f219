import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { emptyReport } from '../../common/core/sync-report.ts';
import { attachToDaemon, connectControl } from '../control/connect-control.ts';
import { RemoteControl } from '../control/remote-control.ts';
import { aStatus } from '../control/status-builders.testkit.ts';
import { ControlServer, type RequestHandler } from './control-server.ts';

let folder: string;
let socketPath: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewater-socket-'));
  socketPath = join(folder, 'slave.sock');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

const answer: RequestHandler = async (request, { emit, cancelled }) => {
  if (request.command === 'status') return aStatus({ pendingRecords: 4 });
  if (request.command === 'pause')
    throw new SyncError('storage_busy', 'held', { details: { by: 'test' }, retryAfterMs: 5 });
  if (request.command === 'sync') {
    emit({ kind: 'phase', phase: 'upload' });
    emit({ kind: 'uploaded', records: 2, remaining: 0 });
    return { ...emptyReport, pending: 7 };
  }
  if (request.command === 'dry-run') {
    await once(cancelled, 'abort');
    throw new SyncError('transport_cancelled', 'taken back');
  }
  return null;
};

async function start(handle: RequestHandler = answer): Promise<ControlServer> {
  const server = new ControlServer({ socketPath, handle, log: silentLogger });
  await server.start();
  cleanups.push(() => server.stop());
  return server;
}

async function attach(): Promise<RemoteControl> {
  const control = await attachToDaemon(socketPath);
  if (control === undefined) throw new Error('nothing answered');
  cleanups.push(() => control.close());
  return control;
}

/** A bare connection that sends bytes and reads reply lines. */
async function bare(): Promise<{
  socket: Socket;
  send: (text: string | Buffer) => void;
  next: () => Promise<unknown>;
}> {
  const socket = connect(socketPath);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    send: (text) => void socket.write(text),
    next: async () => {
      const { value, done } = await lines.next();
      return done === true ? 'closed' : (JSON.parse(value) as unknown);
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof SyncError ? error.code : error),
  );
}

const never = new AbortController().signal;

describe('the control socket', () => {
  it('P17 is for this user alone', async () => {
    await start();
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  });

  it('answers questions and streams progress before the result', async () => {
    await start();
    const control = await attach();
    expect((await control.status()).pendingRecords).toBe(4);
    const events: unknown[] = [];
    const report = await control.sync({ force: false }, (event) => events.push(event), never);
    expect(report.pending).toBe(7);
    expect(events).toEqual([
      { kind: 'phase', phase: 'upload' },
      { kind: 'uploaded', records: 2, remaining: 0 },
    ]);
  });

  it('brings errors over with code, hint and facts', async () => {
    await start();
    const error: unknown = await (await attach()).pause().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'storage_busy',
      message: 'held',
      details: { by: 'test' },
      retryAfterMs: 5,
    });
  });

  it('takes a request back when its signal aborts', async () => {
    await start();
    const control = await attach();
    const controller = new AbortController();
    const asked = codeOf(control.dryRun(undefined, controller.signal));
    setTimeout(() => controller.abort(), 20);
    expect(await asked).toBe('transport_cancelled');
    expect((await control.status()).pendingRecords).toBe(4);
  });

  it.each([
    ['no JSON', 'hello', null],
    ['half an object', '{"id":1,', null],
    ['no id', '{"command":"ping"}', null],
    ['an unknown command', '{"id":9,"command":"destroy"}', 9],
    ['a field too many', '{"id":9,"command":"ping","x":1}', 9],
    ['a wrong type', '{"id":9,"command":"sync","force":"yes"}', 9],
    ['a list', '[]', null],
    ['null', 'null', null],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), null],
  ])('answers %s with an error and goes on', async (_name, line, id) => {
    await start();
    const connection = await bare();
    connection.send(line);
    connection.send('\n');
    expect(await connection.next()).toMatchObject({ id, error: { code: 'usage_invalid' } });
    connection.send('{"id":"a","command":"ping"}\n');
    expect(await connection.next()).toEqual({ id: 'a', result: null });
  });

  it('P12 ends a connection that sends a line without end, and serves others', async () => {
    await start();
    const connection = await bare();
    connection.send('x'.repeat(200_000));
    expect(await connection.next()).toMatchObject({ id: null, error: { code: 'usage_invalid' } });
    expect(await connection.next()).toBe('closed');
    expect((await (await attach()).status()).pendingRecords).toBe(4);
  });

  it('P12 bounds the requests and connections that are open', async () => {
    await start();
    const connection = await bare();
    for (let id = 0; id < 17; id += 1) connection.send(`{"id":${id},"command":"dry-run"}\n`);
    expect(await connection.next()).toMatchObject({ id: 16, error: { code: 'protocol_busy' } });
  });

  it('survives callers that vanish in the middle', async () => {
    await start();
    for (let round = 0; round < 5; round += 1) {
      const connection = await bare();
      connection.send('{"id":1,"command":"sync"}\n{"id":2,"comm');
      connection.socket.destroy();
    }
    expect((await (await attach()).status()).pendingRecords).toBe(4);
  });

  it('takes the place of a file or socket that a dead daemon left', async () => {
    await writeFile(socketPath, '');
    await (await start()).stop();
    const stale = createServer();
    stale.listen(socketPath);
    await once(stale, 'listening');
    cleanups.push(() => stale.close());
    await start();
    expect((await (await attach()).status()).pendingRecords).toBe(4);
  });

  it('P16 tells open requests that the daemon ended', async () => {
    const server = await start();
    const control = await attach();
    const asked = codeOf(control.dryRun(undefined, never));
    await control.status();
    await server.stop();
    expect(await asked).toBe('transport_interrupted');
    expect(await codeOf(control.status())).toBe('transport_interrupted');
  });
});

describe('connecting to a daemon', () => {
  it('finds none where none was, or only its file is left', async () => {
    expect(await attachToDaemon(socketPath)).toBeUndefined();
    await writeFile(socketPath, '');
    expect(await attachToDaemon(socketPath)).toBeUndefined();
  });

  it('gives up on one that accepts but does not answer', async () => {
    const silent = createServer(() => undefined);
    silent.listen(socketPath);
    await once(silent, 'listening');
    cleanups.push(() => silent.close());
    expect(await RemoteControl.attach(socketPath, 50)).toBeUndefined();
  });

  it('opens the local control only where no daemon answers', async () => {
    const local = { attached: false } as Awaited<ReturnType<Parameters<typeof connectControl>[1]>>;
    expect(await connectControl(socketPath, () => Promise.resolve(local))).toBe(local);
    await start();
    const control = await connectControl(socketPath, () =>
      Promise.reject(new Error('not asked for')),
    );
    cleanups.push(() => control.close());
    expect(control.attached).toBe(true);
  });
});
