import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SyncError } from '../../common/core/sync-error.ts';
import { settlesWithin, sleep } from '../../common/runtime/sleep.ts';

/** Where and how a master listens. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** PEM texts; null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** What answers a request; Koa's callback, whose promise never rejects. */
export type RequestCallback = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A listening server. */
export interface HttpServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** For what shares the port, such as WebSocket upgrades. */
  readonly server: Server;
  /** Takes no more connections, lets running requests end for `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Bounds of one connection. Slow lines get time for a body, not for headers. */
const CONNECTION_BOUNDS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
};
const MAX_CONNECTIONS = 2000;
const IDLE_SWEEP_MS = 50;

/** Starts listening. @throws SyncError `config_invalid` when host or port cannot be had. */
export async function startHttpServer(
  callback: RequestCallback,
  options: ListenOptions,
): Promise<HttpServer> {
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void callback(request, response);
  const server: Server =
    options.tls === null
      ? createServer(CONNECTION_BOUNDS, listener)
      : createTlsServer({ ...CONNECTION_BOUNDS, ...options.tls, minVersion: 'TLSv1.2' }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.tls === null ? 'http' : 'https'}://${host}:${port}`,
    port,
    server,
    stop: (graceMs) => stop(server, graceMs),
  };
}

function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const reason =
        cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? cause.message);
      reject(
        new SyncError('config_invalid', `cannot listen on HOST=${host} PORT=${port}: ${reason}`, {
          hint: 'Choose another HOST or PORT, or stop the program that uses it.',
          cause,
        }),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const sweep = new AbortController();
  // A connection becomes idle when its last answer is out; Node closes only those that are idle now.
  const sweeping = closeIdleConnections(server, sweep.signal);
  const inTime = await settlesWithin(closed, graceMs);
  sweep.abort();
  if (!inTime) server.closeAllConnections();
  await Promise.all([closed, sweeping]);
}

async function closeIdleConnections(server: Server, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    server.closeIdleConnections();
    await sleep(IDLE_SWEEP_MS, signal).catch(() => undefined);
  }
}
