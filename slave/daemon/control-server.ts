import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../common/core/logger.ts';
import { SyncError, toSyncError } from '../../common/core/sync-error.ts';
import { settlesWithin } from '../../common/runtime/sleep.ts';
import { LineSplitter } from '../control/line-splitter.ts';
import {
  MAX_REQUEST_LENGTH,
  parseSocketRequest,
  requestIdOf,
  toSocketError,
  type SocketReply,
  type SocketRequest,
} from '../control/socket-protocol.ts';

/** What a request may use while it is dealt with. */
export interface RequestContext {
  readonly emit: (event: unknown) => void;
  /** Aborts when whoever asked has gone. */
  readonly gone: AbortSignal;
  /** Aborts when whoever asked takes it back. */
  readonly cancelled: AbortSignal;
}

/** Deals with one request; events may be sent until it settles. */
export type RequestHandler = (request: SocketRequest, context: RequestContext) => Promise<unknown>;

/** What a control server works with. */
export interface ControlServerDeps {
  readonly socketPath: string;
  readonly handle: RequestHandler;
  readonly log: Logger;
}

const MAX_CONNECTIONS = 32;
/** Requests of one connection that may run at once. */
const MAX_OPEN_REQUESTS = 16;
/** A reader that is this far behind gets no more events; results still come. */
const MAX_UNREAD_EVENT_BYTES = 1024 * 1024;
/** How long the last answers may take to get out. */
const FAREWELL_MS = 500;
/** A reader that is this far behind is cut off. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/**
 * The daemon's Unix socket: JSON lines, readable and writable by this user only. Whatever comes in, the daemon
 * goes on: bad lines get an error, too long ones end their connection.
 */
export class ControlServer {
  readonly #deps: ControlServerDeps;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(deps: ControlServerDeps) {
    this.#deps = deps;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * Starts to listen. The caller holds the daemon's lock, so a socket file that is there belongs to a dead daemon.
   *
   * @throws SyncError `storage_unwritable` where the socket cannot be made.
   */
  async start(): Promise<void> {
    const { socketPath, log } = this.#deps;
    await removeStale(socketPath);
    await this.#listen(socketPath);
    await chmod(socketPath, 0o600);
    this.#server.on('error', (error) => log.warn('the control socket failed', { error }));
  }

  /** Ends all connections and removes the socket. */
  async stop(): Promise<void> {
    const closed = Promise.withResolvers<undefined>();
    this.#server.close(() => closed.resolve(undefined));
    for (const socket of this.#sockets) socket.end();
    if (await settlesWithin(closed.promise, FAREWELL_MS)) return;
    for (const socket of this.#sockets) socket.destroy();
    await closed.promise;
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          new SyncError('storage_unwritable', `cannot make the socket ${path}: ${error.message}`, {
            cause: error,
          }),
        );
      this.#server.once('error', fail);
      // The socket is made within `listen`, so nobody else can open it before its rights are set.
      const usual = process.umask(0o177);
      try {
        this.#server.listen(path, () => {
          this.#server.off('error', fail);
          resolve();
        });
      } finally {
        process.umask(usual);
      }
    });
  }

  #serve(socket: Socket): void {
    const gone = new AbortController();
    const splitter = new LineSplitter(MAX_REQUEST_LENGTH);
    const connection = new Connection(socket, gone.signal, this.#deps.handle);
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // a broken connection ends below
    socket.on('close', () => {
      this.#sockets.delete(socket);
      gone.abort(new SyncError('transport_cancelled', 'whoever asked has gone'));
    });
    socket.on('data', (bytes: Buffer) => {
      const { lines, tooLong } = splitter.push(bytes);
      for (const line of lines) if (line.trim() !== '') connection.take(line);
      if (tooLong) connection.refuseTooLong();
    });
  }
}

async function removeStale(path: string): Promise<void> {
  try {
    await rm(path, { force: true, recursive: true });
  } catch (thrown) {
    throw new SyncError(
      'storage_unwritable',
      `cannot remove the old socket ${path}: ${toSyncError(thrown).message}`,
      { cause: thrown },
    );
  }
}

/** One connection and its open requests. */
class Connection {
  readonly #socket: Socket;
  readonly #gone: AbortSignal;
  readonly #handle: RequestHandler;
  readonly #open = new Map<string | number, AbortController>();

  constructor(socket: Socket, gone: AbortSignal, handle: RequestHandler) {
    this.#socket = socket;
    this.#gone = gone;
    this.#handle = handle;
  }

  /** Deals with one line; never rejects and never throws. */
  take(line: string): void {
    let request: SocketRequest;
    try {
      request = parseSocketRequest(line);
      this.#checkRoom(request);
    } catch (thrown) {
      this.#send({ id: requestIdOf(line), error: toSocketError(thrown) });
      return;
    }
    void this.#answer(request); // settles by itself, its errors are sent
  }

  refuseTooLong(): void {
    const error = new SyncError(
      'usage_invalid',
      `a request has at most ${MAX_REQUEST_LENGTH} characters`,
    );
    this.#send({ id: null, error: toSocketError(error) });
    this.#socket.removeAllListeners('data');
    this.#socket.destroySoon();
  }

  #checkRoom(request: SocketRequest): void {
    if (this.#open.has(request.id))
      throw new SyncError('usage_invalid', `the id ${String(request.id)} is in use`);
    if (this.#open.size < MAX_OPEN_REQUESTS) return;
    throw new SyncError('protocol_busy', `${this.#open.size} requests are open on this connection`);
  }

  async #answer(request: SocketRequest): Promise<void> {
    const { id } = request;
    const controller = new AbortController();
    this.#open.set(id, controller);
    try {
      this.#send({ id, result: (await this.#run(request, controller.signal)) ?? null });
    } catch (thrown) {
      this.#send({ id, error: toSocketError(toSyncError(thrown)) });
    } finally {
      this.#open.delete(id);
    }
  }

  async #run(request: SocketRequest, cancelled: AbortSignal): Promise<unknown> {
    const { id } = request;
    if (request.command === 'cancel' && request.request !== undefined) {
      this.#open.get(request.request)?.abort();
      return null;
    }
    const emit = (event: unknown): void => this.#sendEvent({ id, event });
    return await this.#handle(request, { emit, gone: this.#gone, cancelled });
  }

  #sendEvent(reply: SocketReply): void {
    if (this.#socket.writableLength < MAX_UNREAD_EVENT_BYTES) this.#send(reply);
  }

  #send(reply: SocketReply): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(reply)}\n`);
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.destroy();
  }
}
