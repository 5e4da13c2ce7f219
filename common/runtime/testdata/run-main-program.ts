import { randomBytes } from 'node:crypto';
import { SyncError } from '../../core/sync-error.ts';
import { runMain, type RunContext } from '../run-main.ts';
import { sleep } from '../sleep.ts';

// A program with the endings that run-main.test.ts looks at from outside; the first argument chooses.
const secret = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
const endings: Readonly<Record<string, (context: RunContext) => Promise<number | void>>> = {
  done: () => Promise.resolve(),
  code: () => Promise.resolve(65),
  'sync-error': ({ redactor }) => {
    redactor.addSecret(secret);
    const message = `MASTER_URL=${secret} is wrong\u001b]0;x\u0007\nerror auth_invalid: forged`;
    throw new SyncError('config_invalid', message, { hint: `try ${secret}`, details: { secret } });
  },
  unknown: () => Promise.reject(new TypeError('x is not a function')),
  rejection: async ({ lifecycle }) => {
    void Promise.reject(new Error('nobody waits'));
    await lifecycle.stopRequested();
  },
  flood: async ({ argv }) => {
    process.stdout.write(randomBytes(500_000).toString('hex') + (argv[1] ?? ''));
  },
  daemon: async ({ lifecycle }) => {
    lifecycle.onStop('first', () => void process.stdout.write('first '));
    lifecycle.onStop('second', async () => {
      await sleep(10);
      process.stdout.write('second ');
    });
    // Keeps the event loop alive as a server would; runMain ends the process all the same.
    setInterval(() => undefined, 1000);
    process.stdout.write('ready ');
    await lifecycle.stopRequested();
  },
  cut: async ({ lifecycle }) => {
    process.stdout.write('ready ');
    await sleep(600_000, lifecycle.signal);
  },
  hung: async ({ lifecycle }) => {
    lifecycle.onStop('the stuck thing', () => sleep(600_000));
    process.stdout.write('ready ');
    await lifecycle.stopRequested();
  },
  lines: async ({ lifecycle, argv, ignoreClosedOutput }) => {
    if (argv[1] === 'ignore') ignoreClosedOutput();
    for (let n = 0; n < 400 && !lifecycle.signal.aborted; n += 1) {
      process.stdout.write(`${'x'.repeat(1000)}\n`);
      await sleep(1);
    }
    process.stderr.write(lifecycle.signal.aborted ? 'cut' : 'whole');
  },
};

const main = (context: RunContext): Promise<number | void> =>
  (endings[context.argv[0] ?? ''] ?? fail)(context);
await runMain('program', main, { deadlineMs: Number(process.argv[3] ?? 9000) || 9000 });

function fail(): Promise<void> {
  return Promise.reject(new Error('no such ending'));
}
