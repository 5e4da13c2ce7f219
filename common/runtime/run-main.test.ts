import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLifecycle } from './lifecycle.ts';
import { systemClock } from './system-clock.ts';

const program = join(import.meta.dirname, 'testdata/run-main-program.ts');

function run(...argv: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
    encoding: 'utf8',
    maxBuffer: 10_000_000,
  });
  return { code: status, stdout, stderr };
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts the program and waits until it says that it is ready. */
async function start(...argv: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [program, ...argv], { stdio: 'pipe' });
  const out = { stdout: '', stderr: '' };
  child.stderr.on('data', (bytes: Buffer) => (out.stderr += bytes.toString()));
  const ended = once(child, 'close').then(([code]: unknown[]) => ({
    code: code as number | null,
    ...out,
  }));
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      out.stdout += bytes.toString();
      if (out.stdout.includes('ready')) resolve();
    });
  });
  await ready;
  return { child, ended };
}

describe('runMain', () => {
  it('exits with 0, or the code of the main function', () => {
    expect(run('done')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(run('code').code).toBe(65);
  });

  it('P17 says code, message and hint of an error, without secrets and control characters', () => {
    const { code, stdout, stderr } = run('sync-error');
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toBe(
      'error config_invalid: MASTER_URL=****** is wrong\\x1b]0;x\\x07\n' +
        '  error auth_invalid: forged\n' +
        'hint: try ******\n',
    );
  });

  it('prints one JSON problem on standard output with --json', () => {
    const { code, stdout, stderr } = run('sync-error', '--json');
    expect({ code, stderr }).toEqual({ code: 78, stderr: '' });
    expect(stdout).not.toContain('f0e1d2c3');
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'config_invalid',
      hint: 'try ******',
      exit: 78,
      retryable: false,
    });
  });

  it('exits with 70 on errors that nobody foresaw, unhandled rejections included', () => {
    expect(run('unknown')).toMatchObject({ code: 70, stdout: '' });
    expect(run('unknown').stderr).toContain('error internal_error: x is not a function\nhint: ');
    const { code, stderr } = run('rejection');
    expect(code).toBe(70);
    expect(stderr).toContain('nobody waits');
  });

  it('lets all output out before the exit', () => {
    const { code, stdout } = run('flood', 'end');
    expect(code).toBe(0);
    expect(stdout).toHaveLength(1_000_003);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'P16 stops in reverse order and exits with 0 on %s',
    async (signal) => {
      const { child, ended } = await start('daemon');
      child.kill(signal);
      expect(await ended).toEqual({ code: 0, stdout: 'ready second first ', stderr: '' });
    },
  );

  it('P16 exits with 0 when a command is cut short, and says so', async () => {
    const { child, ended } = await start('cut');
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toBe('program: stopped by SIGTERM before the end; it goes on where it was.\n');
  });

  it('ends at once on a second signal', async () => {
    const { child, ended } = await start('hung');
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  it('names what does not stop and ends all the same', async () => {
    const { child, ended } = await start('hung', '300');
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(70);
    expect(stderr).toContain('Did not stop cleanly: the stuck thing.');
  });

  it('F75 ends quietly when its output is closed, unless it goes on without', () => {
    const pipe = (...argv: readonly string[]): string =>
      spawnSync('sh', ['-c', `"${process.execPath}" "${program}" ${argv.join(' ')} | head -c 10`], {
        encoding: 'utf8',
      }).stderr;
    expect(pipe('lines')).toBe('cut');
    expect(pipe('lines', 'ignore')).toBe('whole');
  });
});

describe('lifecycle', () => {
  it('stops the rest although one fails and one hangs, and names both', async () => {
    const order: string[] = [];
    const lifecycle = createLifecycle({ clock: systemClock, deadlineMs: 200 });
    lifecycle.onStop('a', () => void order.push('a'));
    lifecycle.onStop('b', () => Promise.reject(new Error('broken')));
    lifecycle.onStop('c', () => new Promise(() => undefined));
    lifecycle.onStop('d', () => void order.push('d'));
    const faults = await lifecycle.stop();
    expect(faults).toEqual([{ name: 'c' }, { name: 'b', error: new Error('broken') }]);
    expect(order).toEqual(['d', 'a']);
    expect(await lifecycle.stop()).toBe(faults);
  });

  it('aborts its signal with transport_cancelled as soon as a stop is asked for', async () => {
    const lifecycle = createLifecycle({ clock: systemClock, deadlineMs: 1000 });
    const waiting = lifecycle.stopRequested();
    lifecycle.requestStop('SIGTERM');
    lifecycle.requestStop('again');
    await waiting;
    expect(lifecycle.signal.reason).toMatchObject({
      code: 'transport_cancelled',
      message: 'Stopped before the end: SIGTERM.',
    });
  });
});
