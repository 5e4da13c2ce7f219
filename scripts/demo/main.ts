import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DemoFailure } from './demo-failure.ts';
import { choosePort, keepRunning, prepareKeptFolder } from './keep-running.ts';
import { Processes } from './processes.ts';
import { createProgress } from './progress.ts';
import { formatReport } from './report.ts';
import { runDemo } from './run-demo.ts';

/** Why the demo ends before its end. */
class DemoStopped extends DemoFailure {
  readonly signalNumber: number;

  constructor(name: NodeJS.Signals) {
    super(`Stopped by ${name}; what was started has ended.`);
    this.signalNumber = constants.signals[name];
  }
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const progress = createProgress(process.stderr);
const isKept = ['1', 'true', 'yes'].includes(process.env['KEEP'] ?? '');
const stop = stopBySignal();

try {
  await (isKept ? runAndKeep(stop) : runInTempFolder(stop));
} catch (error) {
  const cause: unknown = stop.aborted ? stop.reason : error;
  console.error(faultText(cause));
  process.exitCode = cause instanceof DemoStopped ? 128 + cause.signalNumber : 1;
}

async function runInTempFolder(signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewater-demo-'));
  const processes = new Processes(signal, join(folder, 'cache'));
  try {
    const { result } = await runDemo({ processes, signal, folder, port: 0 }, progress);
    console.log(formatReport(result).join('\n'));
  } catch (error) {
    tellRecentErrors(processes, signal);
    throw error;
  } finally {
    await processes.stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runAndKeep(signal: AbortSignal): Promise<void> {
  const folder = await prepareKeptFolder();
  const processes = new Processes(signal, join(folder, 'cache'));
  try {
    const port = await choosePort();
    const { stage, result } = await runDemo({ processes, signal, folder, port }, progress);
    const remarks = await progress.step('starting the shops for good', () => keepRunning(stage));
    console.log([...formatReport(result), ...remarks].join('\n'));
  } catch (error) {
    tellRecentErrors(processes, signal);
    console.error(`What there was until then is in ${relative('.', folder)}.`);
    throw error;
  } finally {
    await processes.stopAll();
  }
}

function tellRecentErrors(processes: Processes, signal: AbortSignal): void {
  if (!signal.aborted) console.error(processes.recentErrors().join('\n'));
}

/** A terminal and npm may both pass a signal on; only the first one counts. */
function stopBySignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of STOP_SIGNALS) {
    process.on(name, () => controller.abort(new DemoStopped(name)));
  }
  return controller.signal;
}

function faultText(error: unknown): string {
  if (error instanceof DemoStopped) return error.message;
  if (error instanceof DemoFailure)
    return [`The demo failed: ${error.message}`, ...error.details].join('\n  ');
  return `The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
