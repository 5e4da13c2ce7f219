import { constants } from 'node:os';
import { safeJson } from '../core/safe-json.ts';
import { safeText } from '../core/safe-text.ts';
import { SyncError, toSyncError } from '../core/sync-error.ts';
import { createLifecycle, type Lifecycle, type StopFault } from './lifecycle.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { settlesWithin } from './sleep.ts';
import { systemClock } from './system-clock.ts';

/** What a program's main function works with. */
export interface RunContext {
  /** The command line behind the script's name. */
  readonly argv: readonly string[];
  readonly lifecycle: Lifecycle;
  /** Secrets given to it never reach the terminal through an error. */
  readonly redactor: Redactor;
  /** For daemons: a closed standard output no longer ends the program (F75). */
  readonly ignoreClosedOutput: () => void;
}

/** A program: settles when it is done; a number is its exit code. */
export type Main = (context: RunContext) => Promise<number | void>;

/** The parts of the process that {@link runMain} uses; the real one by default. */
export interface ProcessPort {
  readonly argv: readonly string[];
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  exit(code: number): void;
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What may be different in tests. */
export interface RunOptions {
  readonly port?: ProcessPort;
  /** Milliseconds from the first signal to the exit; two thirds of them are for the main function. */
  readonly deadlineMs?: number;
}

/** `docker stop` kills after 10 s; what is left of them is for the exit itself. */
const defaultDeadlineMs = 9_000;

/** How much of the time the main function has before the things that it uses are stopped under it. */
const mainShare = 2 / 3;

const flushDeadlineMs = 500;

/**
 * Runs a program from start to exit; the only place that ends the process.
 *
 * The first SIGTERM, SIGINT or SIGHUP asks for a clean stop (exit 0), a second one ends the process at once (128 + number). An
 * error ends it with its code's exit code, said on standard error as `error code: message` and `hint: ...`, or with
 * `--json` as one JSON object on standard output. Unknown errors exit 70. Output is flushed before the exit.
 */
export async function runMain(name: string, main: Main, options: RunOptions = {}): Promise<void> {
  // Node's types overload `on` for each event; only the common form is used here.
  const port = options.port ?? (process as unknown as ProcessPort);
  const run = new Run(name, port, options.deadlineMs ?? defaultDeadlineMs);
  const release = run.listen();
  const exitCode = await run.execute(main);
  await Promise.all([flush(port.stdout), flush(port.stderr)]);
  release();
  port.exit(exitCode);
}

class Run {
  readonly #name: string;
  readonly #port: ProcessPort;
  readonly #argv: readonly string[];
  readonly #redactor = createRedactor();
  readonly #lifecycle: Lifecycle;
  readonly #deadlineMs: number;
  #isOutputIgnored = false;
  #stopSignal: string | undefined;
  #wasCutShort = false;
  #crash: unknown;

  constructor(name: string, port: ProcessPort, deadlineMs: number) {
    this.#name = name;
    this.#port = port;
    this.#deadlineMs = deadlineMs;
    this.#lifecycle = createLifecycle({ clock: systemClock, deadlineMs });
    this.#argv = port.argv.slice(2);
  }

  /** Starts to listen to signals, crashes and closed pipes; the result undoes it. */
  listen(): () => void {
    const listeners: [string, (...values: unknown[]) => void][] = [
      ...stopSignals.map((signal): [string, () => void] => [signal, () => this.#onSignal(signal)]),
      ['uncaughtException', (error) => this.#onCrash(error)],
      ['unhandledRejection', (error) => this.#onCrash(error)],
    ];
    for (const [event, listener] of listeners) this.#port.on(event, listener);
    this.#port.stdout.on('error', () => this.#onOutputClosed());
    // With nobody reading errors, there is nobody to tell.
    this.#port.stderr.on('error', () => undefined);
    return () => {
      for (const [event, listener] of listeners) this.#port.off(event, listener);
    };
  }

  async execute(main: Main): Promise<number> {
    const context: RunContext = {
      argv: this.#argv,
      lifecycle: this.#lifecycle,
      redactor: this.#redactor,
      ignoreClosedOutput: () => {
        this.#isOutputIgnored = true;
      },
    };
    const work = Promise.resolve().then(() => main(context));
    const outcome = await this.#outcome(work);
    const faults = await this.#lifecycle.stop();
    return this.#report(outcome, faults);
  }

  /** The exit code or the error of the main function, or `late` if it did not end in time after a stop. */
  async #outcome(work: Promise<number | void>): Promise<Outcome> {
    const settled = work.then(
      (code): Outcome => ({ kind: 'done', code: code ?? 0 }),
      (error: unknown): Outcome => ({ kind: 'failed', error }),
    );
    await Promise.race([settled, aborted(this.#lifecycle.signal)]);
    this.#wasCutShort = this.#lifecycle.signal.aborted;
    const isInTime = await settlesWithin(settled, this.#deadlineMs * mainShare);
    return isInTime ? settled : { kind: 'late' };
  }

  #report(outcome: Outcome, faults: readonly StopFault[]): number {
    if (this.#crash !== undefined) return this.#sayError(this.#crash);
    if (outcome.kind === 'failed' && !this.#isOwnStop(outcome.error))
      return this.#sayError(outcome.error);
    const late = [
      ...(outcome.kind === 'late' ? [this.#name] : []),
      ...faults.map((fault) => fault.name),
    ];
    if (late.length > 0) return this.#sayError(stopError(late, faults));
    if (outcome.kind === 'failed') {
      this.#say(
        `${this.#name}: stopped by ${this.#stopSignal ?? 'request'} before the end; it goes on where it was.`,
      );
    }
    return outcome.kind === 'done' ? outcome.code : 0;
  }

  /** Being cut short on request is a clean stop (P16), not a failure. */
  #isOwnStop(error: unknown): boolean {
    if (!this.#wasCutShort) return false;
    return error instanceof SyncError && error.code === 'transport_cancelled';
  }

  #sayError(thrown: unknown): number {
    const error = toSyncError(thrown);
    const { exit } = error.definition;
    if (this.#argv.includes('--json')) {
      this.#port.stdout.write(`${safeJson(this.#problem(error))}\n`);
    } else {
      this.#say(`error ${error.code}: ${error.message}`);
      if (error.hint !== '') this.#say(`hint: ${error.hint}`);
    }
    return exit;
  }

  #problem(error: SyncError): Readonly<Record<string, unknown>> {
    const { code, message, hint, retryable, retryAfterMs } = error;
    const details = Object.keys(error.details).length > 0 ? { details: error.details } : {};
    const problem = {
      code,
      message,
      hint,
      exit: error.definition.exit,
      retryable,
      retryAfterMs,
      ...details,
    };
    return JSON.parse(JSON.stringify(problem), (_key, value: unknown) =>
      typeof value === 'string' ? this.#redactor.text(value) : value,
    ) as Record<string, unknown>;
  }

  /** Lines after the first are set in, so that no message can pretend to be another. */
  #say(text: string): void {
    const lines = this.#redactor
      .text(text)
      .split('\n')
      .map((line) => safeText(line.trimEnd()));
    this.#port.stderr.write(`${lines.join('\n  ')}\n`);
  }

  #onSignal(signal: (typeof stopSignals)[number]): void {
    if (this.#stopSignal !== undefined) {
      this.#port.exit(128 + constants.signals[signal]);
      return;
    }
    this.#stopSignal = signal;
    this.#lifecycle.requestStop(signal);
  }

  #onCrash(error: unknown): void {
    this.#crash ??= error ?? new Error('A promise was rejected without a reason.');
    this.#lifecycle.requestStop('an error that nobody handled');
  }

  #onOutputClosed(): void {
    if (!this.#isOutputIgnored) this.#lifecycle.requestStop('standard output was closed');
  }
}

/** Unlike `stopRequested` it keeps no process alive: a main function that waits for nothing is to be found out. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

type Outcome =
  | { readonly kind: 'done'; readonly code: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' };

function stopError(names: readonly string[], faults: readonly StopFault[]): SyncError {
  const cause = faults.find((fault) => fault.error !== undefined)?.error;
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new SyncError('internal_error', `Did not stop cleanly: ${names.join(', ')}${why}.`, {
    hint: 'Nothing committed is lost; the next start goes on where it was.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Waits until what was written has left the process; a closed stream has nothing to wait for. */
async function flush(stream: NodeJS.WritableStream): Promise<void> {
  if (!stream.writable) return;
  const written = new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
  await settlesWithin(written, flushDeadlineMs);
}
