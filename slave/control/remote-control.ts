import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { SyncError } from '../../common/core/sync-error.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import { settlesWithin } from '../../common/runtime/sleep.ts';
import type { DryRunReport } from '../sync/dry-run.ts';
import type { ProgressEvent } from '../sync/progress.ts';
import type { ResetReport, ResetVariant } from '../sync/reset.ts';
import type { SlaveControl, SlaveStatus, SyncRequest } from './control.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  fromSocketError,
  MAX_REPLY_LENGTH,
  parseSocketReply,
  type SocketReply,
  type SocketRequestInput,
} from './socket-protocol.ts';

/** What is asked, without the number that tells answers apart. */
type Question = SocketRequestInput extends infer Each
  ? Each extends unknown
    ? Omit<Each, 'id'>
    : never
  : never;

interface OpenRequest {
  readonly onEvent: (event: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: SyncError) => void;
}

/** Short questions are answered at once by a daemon that lives. */
const ANSWER_MS = 10_000;

/** Asks a running daemon by its socket. The daemon is this user's own program of this machine, so its replies are taken as they come. */
export class RemoteControl implements SlaveControl {
  readonly attached = true;
  readonly #socket: Socket;
  readonly #open = new Map<number, OpenRequest>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const splitter = new LineSplitter(MAX_REPLY_LENGTH);
    socket.on('data', (bytes: Buffer) => {
      const { lines, tooLong } = splitter.push(bytes);
      for (const line of lines) this.#take(line);
      if (tooLong) socket.destroy();
    });
    socket.on('error', () => undefined); // what it means is said on close
    socket.on('close', () => this.#failAll());
  }

  /**
   * Connects to a daemon and makes sure that it answers.
   *
   * @returns nothing where no daemon listens, or the one that does is stopped.
   */
  static async attach(
    socketPath: string,
    answerWithinMs: number,
  ): Promise<RemoteControl | undefined> {
    const socket = (await isOurs(socketPath)) ? await connectTo(socketPath) : undefined;
    if (socket === undefined) return undefined;
    const control = new RemoteControl(socket);
    const pong = control.#ask({ command: 'ping' });
    const isAlive = await settlesWithin(pong, answerWithinMs).catch(() => false);
    if (isAlive) return control;
    socket.destroy();
    return undefined;
  }

  async status(): Promise<SlaveStatus> {
    return (await this.#askShortly({ command: 'status' })) as SlaveStatus; // same program on the other side
  }

  async sync(
    request: SyncRequest,
    onProgress: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<SyncReport> {
    const onEvent = (event: unknown): void => onProgress(event as ProgressEvent); // same program on the other side
    return (await this.#cancellable(
      { command: 'sync', ...request },
      onEvent,
      signal,
    )) as SyncReport;
  }

  async dryRun(masterUrl: string | undefined, signal: AbortSignal): Promise<DryRunReport> {
    const question = {
      command: 'dry-run',
      ...(masterUrl === undefined ? {} : { masterUrl }),
    } as const;
    return (await this.#cancellable(question, () => undefined, signal)) as DryRunReport;
  }

  async reset(variant: ResetVariant | 'auto', signal: AbortSignal): Promise<ResetReport> {
    return (await this.#cancellable(
      { command: 'reset', variant },
      () => undefined,
      signal,
    )) as ResetReport;
  }

  async pause(): Promise<void> {
    await this.#askShortly({ command: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#askShortly({ command: 'resume' });
  }

  async cancel(): Promise<void> {
    await this.#ask({ command: 'cancel' });
  }

  /** Streams what happens in the daemon (`ControlEvent`s and log lines) until `signal` aborts or the daemon ends. */
  async subscribe(onEvent: (event: unknown) => void, signal: AbortSignal): Promise<void> {
    await this.#cancellable({ command: 'subscribe' }, onEvent, signal);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await Promise.resolve();
  }

  /** Asks; an abort ends the waiting here and the request over there. */
  async #cancellable(
    question: Question,
    onEvent: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<unknown> {
    const stopped = new SyncError('transport_cancelled', 'the command was stopped before it ended');
    if (signal.aborted) throw stopped;
    const aborted = Promise.withResolvers<never>();
    const answer = this.#ask(question, onEvent);
    const request = this.#lastId;
    const onAbort = (): void => {
      this.#ask({ command: 'cancel', request }).catch(() => undefined); // the answer below says it all
      aborted.reject(stopped);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([answer, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #askShortly(question: Question): Promise<unknown> {
    const answer = this.#ask(question);
    if (await settlesWithin(answer, ANSWER_MS)) return await answer;
    throw new SyncError(
      'storage_busy',
      `the daemon did not answer ${question.command} within ${ANSWER_MS / 1000} s`,
    );
  }

  #ask(question: Question, onEvent: (event: unknown) => void = () => undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#open.set(this.#lastId, { onEvent, resolve, reject });
      this.#send(this.#lastId, question);
      if (this.#socket.destroyed) this.#failAll();
    });
  }

  #send(id: number, question: Question): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify({ id, ...question })}\n`);
  }

  #take(line: string): void {
    const reply = parseSocketReply(line);
    if (reply === undefined || typeof reply.id !== 'number') return;
    const request = this.#open.get(reply.id);
    if (request === undefined) return;
    if ('event' in reply) request.onEvent(reply.event);
    else this.#settle(reply.id, request, reply);
  }

  #settle(id: number, request: OpenRequest, reply: Exclude<SocketReply, { event: unknown }>): void {
    this.#open.delete(id);
    if ('error' in reply) request.reject(fromSocketError(reply.error));
    else request.resolve(reply.result);
  }

  #failAll(): void {
    const error = new SyncError('transport_interrupted', 'the daemon ended before it answered', {
      hint: 'Look at `slave logs`; work that was acknowledged is safe, the rest goes on at the next start.',
    });
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const request of open) request.reject(error);
  }
}

/** The socket may lie in the system's temporary folder, where others can put files of the same name. */
async function isOurs(path: string): Promise<boolean> {
  try {
    return (await stat(path)).uid === process.getuid?.();
  } catch {
    return false;
  }
}

function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}
