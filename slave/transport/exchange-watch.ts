import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { ExchangeFailure } from './classify-failure.ts';

/** Limits of one exchange in milliseconds. */
export interface ExchangeLimits {
  /** Until a connection stands (F17). */
  readonly connectMs: number;
  /** Without a single byte either way. */
  readonly stallMs: number;
  /** For all of it; ends a dripping answer (F20). */
  readonly totalMs: number;
}

/** Why our own side ended an exchange. */
export type EndReason = Extract<
  ExchangeFailure['reason'],
  'cancelled' | 'no_connection' | 'stalled' | 'deadline'
>;

/**
 * Watches one HTTP exchange from the first byte to the last: connection, progress, deadline, cancellation.
 * It stands in for Node's `http` module where axios asks for a transport, since that is the one place
 * where request and socket can be seen; axios's own timeout does not bound a dripping body.
 */
export class ExchangeWatch {
  readonly #limits: ExchangeLimits;
  readonly #controller = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #cancelSignal: AbortSignal;
  readonly #onCancel = (): void => this.#end('cancelled');
  #reason: EndReason | undefined;
  #connected = false;
  #request: ClientRequest | undefined;

  constructor(limits: ExchangeLimits, cancelSignal: AbortSignal) {
    this.#limits = limits;
    this.#cancelSignal = cancelSignal;
    this.#after(limits.totalMs, () => this.#end('deadline'));
    if (cancelSignal.aborted) this.#end('cancelled');
    else cancelSignal.addEventListener('abort', this.#onCancel, { once: true });
  }

  /** Aborts when any limit is reached or the caller cancels. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why we ended it, if we did. */
  get reason(): EndReason | undefined {
    return this.#reason;
  }

  /** Whether a connection (with TLS where asked for) stood at some time. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The limit that a reason speaks of, in milliseconds. */
  limitOf(reason: EndReason): number {
    const { connectMs, stallMs, totalMs } = this.#limits;
    return { cancelled: 0, no_connection: connectMs, stalled: stallMs, deadline: totalMs }[reason];
  }

  /** What axios calls instead of `http.request`. */
  request(options: RequestOptions, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
    const secure = options.protocol === 'https:';
    const request = secure ? https.request(options, onAnswer) : http.request(options, onAnswer);
    this.#request = request;
    request.on('timeout', () => this.#end('stalled'));
    request.once('socket', (socket) => this.#watchConnection(socket, secure));
    return request;
  }

  /** Stops all timers; to be called however the exchange ended. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#cancelSignal.removeEventListener('abort', this.#onCancel);
  }

  #watchConnection(socket: Socket, secure: boolean): void {
    if (!socket.connecting) {
      this.#connected = true;
      return;
    }
    const timer = this.#after(this.#limits.connectMs, () => this.#end('no_connection'));
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      clearTimeout(timer);
    });
  }

  #after(delayMs: number, action: () => void): NodeJS.Timeout {
    const timer = setTimeout(action, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  #end(reason: EndReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.stop();
    this.#controller.abort();
    this.#request?.destroy();
  }
}
