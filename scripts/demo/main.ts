// Read once, when libuv's thread pool starts: five databases at once would wait for each other in four threads.
process.env['UV_THREADPOOL_SIZE'] ??= '8';

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

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

process.exitCode = await main(['1', 'true', 'yes'].includes(process.env['KEEP'] ?? ''));

/** Runs the demo; ends its processes and removes its files, whatever happens. @returns the exit code. */
async function main(isKept: boolean): Promise<number> {
  const stop = new AbortController();
  let stopSignal: (typeof STOP_SIGNALS)[number] | undefined;
  for (const name of STOP_SIGNALS) {
    // A terminal and npm may both pass it on, so later ones change nothing.
    process.on(name, () => {
      stopSignal ??= name;
      stop.abort(new DemoFailure(`stopped by ${name}`));
    });
  }
  const processes = new Processes(stop.signal);
  let folder: string | undefined;
  try {
    folder = isKept ? await prepareKeptFolder() : await mkdtemp(join(tmpdir(), 'tidewater-demo-'));
    const port = isKept ? await choosePort() : 0;
    const progress = createProgress(process.stderr);
    const { stage, result } = await runDemo({ processes, signal: stop.signal, folder, port }, progress);
    console.log(formatReport(result).join('\n'));
    if (isKept) console.log((await progress.step('starting the shops for good', () => keepRunning(stage))).join('\n'));
    return 0;
  } catch (error) {
    console.error(faultText(stop.signal.aborted ? stop.signal.reason : error));
    if (isKept && folder !== undefined) console.error(`What was there until then is in ${relative('.', folder)}.`);
    return stopSignal === undefined ? 1 : 128 + constants.signals[stopSignal];
  } finally {
    await processes.stopAll();
    if (!isKept && folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function faultText(error: unknown): string {
  if (!(error instanceof DemoFailure)) return `The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return [`The demo failed: ${error.message}`, ...error.details].join('\n  ');
}
