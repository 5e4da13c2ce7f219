import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, LoggedRequest, ProxiedRequest } from './fault.ts';
import { composeAnswer, readAnswer, sendRequest, statusOf } from './raw-exchange.ts';

/** Decides what happens to a request; `undefined` hands it through. */
export type FaultScript = (request: ProxiedRequest) => Fault | undefined;

/** A bad network between a slave and its master. */
export interface FaultProxy {
  /** Address to give to the slave, without a slash at its end. */
  readonly url: string;
  /** Everything that arrived, in order of arrival; an entry is complete when its connection has ended. */
  readonly requests: readonly LoggedRequest[];
  /** Most requests that were under way at one moment, faults included. */
  readonly peakUnderWay: number;
  /** Replaces the script; requests that are under way keep what was decided for them. */
  script(decide: FaultScript): void;
  /** Sends further requests elsewhere: a master that was restarted on another port. */
  retarget(targetUrl: string): void;
  /** Stops listening and ends all connections, black holes too. */
  close(): Promise<void>;
}

/** One exchange; `log` is filled in as it goes on. */
interface Exchange {
  readonly target: URL;
  readonly request: ProxiedRequest;
  readonly client: Socket;
  readonly log: Writable<LoggedRequest>;
  /** Connections to the target, so that closing the proxy ends them too. */
  readonly upstream: Set<Socket>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Starts a proxy on a free loopback port. Each connection carries one request, so that every fault hits exactly one.
 * An unreachable target looks like a dropped connection. A wish to upgrade to WebSocket is not passed on.
 *
 * @param targetUrl `http:` address of the master; a path is not supported.
 */
export async function startFaultProxy(targetUrl: string): Promise<FaultProxy> {
  let target = parseTarget(targetUrl);
  let decide: FaultScript = () => undefined;
  const requests: Writable<LoggedRequest>[] = [];
  const sockets = new Set<Socket>();
  const underWay = { now: 0, peak: 0 };

  const server = createServer((incoming) => {
    underWay.now += 1;
    underWay.peak = Math.max(underWay.peak, underWay.now);
    void receive(incoming)
      .catch(() => incoming.socket.destroy())
      .finally(() => {
        underWay.now -= 1;
      });
  });
  server.on('connection', (socket: Socket) => track(sockets, socket));

  const receive = async (incoming: IncomingMessage): Promise<void> => {
    const request = describe(incoming, requests.length, await buffer(incoming));
    const fault = decide(request) ?? { kind: 'pass' };
    const log = { ...request, fault: fault.kind, targetStatuses: [], status: null };
    requests.push(log);
    await inflict(fault, { target, request, client: incoming.socket, log, upstream: sockets });
  };

  return {
    url: await listen(server),
    requests,
    get peakUnderWay() {
      return underWay.peak;
    },
    script: (next) => {
      decide = next;
    },
    retarget: (url) => {
      target = parseTarget(url);
    },
    close: () => closeAll(server, sockets),
  };
}

/** A script that gives each request the next fault of a list, and hands everything after the list through. */
export function inOrder(...faults: readonly (Fault | undefined)[]): FaultScript {
  const waiting = [...faults];
  return () => waiting.shift();
}

async function inflict(fault: Fault, exchange: Exchange): Promise<void> {
  switch (fault.kind) {
    case 'pass':
      return answer(exchange, await forward(exchange));
    case 'drop-request':
      exchange.client.destroy();
      return;
    case 'drop-response':
      await forward(exchange);
      exchange.client.destroy();
      return;
    case 'delay':
      await sleep(fault.ms);
      return answer(exchange, await forward(exchange));
    case 'duplicate':
      return duplicate(exchange, fault.answer ?? 'second');
    case 'cut':
      return cut(exchange, fault.afterBytes, fault.end ?? 'fin');
    case 'drip':
      return drip(exchange, fault.bytes, fault.everyMs);
    case 'replace':
      return replace(exchange, fault);
    case 'black-hole':
      if (fault.forward === true) await forward(exchange);
      return;
  }
}

async function forward(exchange: Exchange): Promise<Buffer> {
  const socket = await sendRequest(exchange.target, exchange.request);
  track(exchange.upstream, socket);
  const bytes = await readAnswer(socket);
  const status = statusOf(bytes);
  if (status === null)
    throw new Error(`${exchange.target.host} closed the connection without an answer`);
  exchange.log.targetStatuses = [...exchange.log.targetStatuses, status];
  return bytes;
}

function answer(exchange: Exchange, bytes: Buffer): void {
  exchange.log.status = statusOf(bytes);
  exchange.client.end(bytes);
}

async function duplicate(exchange: Exchange, which: 'first' | 'second'): Promise<void> {
  const first = await forward(exchange);
  const second = await forward(exchange);
  answer(exchange, which === 'first' ? first : second);
}

async function cut(exchange: Exchange, afterBytes: number, end: 'fin' | 'rst'): Promise<void> {
  const head = (await forward(exchange)).subarray(0, afterBytes);
  exchange.log.status = statusOf(head);
  if (end === 'fin') {
    exchange.client.end(head);
    return;
  }
  // A reset overtakes bytes that were written but not sent yet.
  await new Promise((sent) => exchange.client.write(head, sent));
  exchange.client.resetAndDestroy();
}

async function drip(exchange: Exchange, bytes: number, everyMs: number): Promise<void> {
  const whole = await forward(exchange);
  exchange.log.status = statusOf(whole);
  for (let at = 0; at < whole.length && !exchange.client.destroyed; at += bytes) {
    exchange.client.write(whole.subarray(at, at + bytes));
    await sleep(everyMs);
  }
  exchange.client.end();
}

async function replace(
  exchange: Exchange,
  fault: Extract<Fault, { kind: 'replace' }>,
): Promise<void> {
  if (fault.forward === true) await forward(exchange);
  const body = Buffer.from(fault.body ?? '');
  answer(exchange, composeAnswer(fault.status, fault.headers ?? {}, body));
}

function describe(incoming: IncomingMessage, index: number, body: Buffer): ProxiedRequest {
  return {
    index,
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers: incoming.headers,
    body,
    bodySha256: createHash('sha256').update(body).digest('hex'),
  };
}

function parseTarget(targetUrl: string): URL {
  const target = new URL(targetUrl);
  if (target.protocol !== 'http:') throw new Error(`${targetUrl} does not begin with http://`);
  if (target.pathname !== '/') throw new Error(`${targetUrl} has a path; give the master's root`);
  return target;
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
