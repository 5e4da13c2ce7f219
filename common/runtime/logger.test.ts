import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.ts';
import { SyncError } from '../core/sync-error.ts';
import { createLogFile } from './log-file.ts';
import { createLogger, type LoggerOptions, type OwnedLogger } from './logger.ts';
import { createRedactor } from './redact.ts';

const token = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logger-'));
  file = join(folder, 'logs/sync.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<LoggerOptions> = {}): OwnedLogger {
  return createLogger({ level: 'info', redactor: createRedactor([token]), file, ...options });
}

function parseLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const lines = (path = file): readonly Record<string, unknown>[] =>
  parseLines(readFileSync(path, 'utf8'));

function fakeClock(): Clock & { ms: number } {
  const clock = {
    ms: 0,
    nowIso: () => '2026-01-31T12:00:00.000Z',
    nowMs: () => 0,
    monotonicMs: () => clock.ms,
  };
  return clock;
}

describe('logger', () => {
  it('writes one JSON line each with time, level, message and the fields of all children', async () => {
    const logger = open();
    logger
      .child({ slaveId: 'store-1' })
      .child({ batchId: 'b1' })
      .info('Batch accepted.', { accepted: 3 });
    logger.debug('not at this level');
    await logger.close();
    expect(lines()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        level: 'info',
        message: 'Batch accepted.',
        pid: process.pid,
        slaveId: 'store-1',
        batchId: 'b1',
        accepted: 3,
      },
    ]);
  });

  it('P17 keeps secrets out of messages, fields, keys, errors and causes', async () => {
    const logger = open({ level: 'debug' });
    const cause = Object.assign(new Error(`connect postgres://u:${token}@db/x failed`), {
      code: 'ECONNREFUSED',
      config: { headers: { Authorization: `Bearer ${token}` } },
    });
    const error = new SyncError('transport_unreachable', `no answer, sent Bearer ${token}`, {
      cause,
      details: { url: `https://a:${token}@b/`, syncToken: 'short' },
    });
    logger.error(`failed with ${token}`, {
      error,
      headers: { authorization: 'Basic dTpw', 'set-cookie': ['a=b'] },
      password: 12345678,
      [token]: new Map([['k', token]]),
      tokens: 2,
      address: new URL(`https://x:${token}@y/`),
    });
    await logger.close();
    const text = readFileSync(file, 'utf8');
    for (const secret of [token, 'dTpw', 'a=b', '12345678', 'short'])
      expect(text).not.toContain(secret);
    expect(lines()[0]).toMatchObject({
      tokens: 2,
      error: { code: 'transport_unreachable', cause: { code: 'ECONNREFUSED' } },
    });
  });

  it('T14 reduces errors to code and message, with a stack at debug only', async () => {
    const error = Object.assign(new Error('no'), { code: 'EACCES', request: { body: 'rows' } });
    const quiet = open();
    quiet.error('Failed.', { error });
    await quiet.close();
    const chatty = open({ level: 'debug', file: join(folder, 'debug.log') });
    chatty.error('Failed.', { error });
    await chatty.close();
    expect(lines()[0]?.['error']).toEqual({ code: 'EACCES', message: 'no' });
    const logged = lines(join(folder, 'debug.log'))[0]?.['error'] as { stack: readonly string[] };
    expect(logged.stack.length).toBeGreaterThan(0);
    expect(logged.stack.length).toBeLessThanOrEqual(12);
  });

  it('T14 B90 lets no value forge a line or reach a terminal as a control sequence', async () => {
    const logger = open();
    logger.info('one\n{"level":"error","message":"forged"}', {
      value: '\u009b2J\u001b]52;c;x\u0007\u2028\u202e\r\b',
    });
    await logger.close();
    const text = readFileSync(file, 'utf8');
    expect(lines()).toHaveLength(1);
    expect(lines()[0]?.['value']).toBe('\u009b2J\u001b]52;c;x\u0007\u2028\u202e\r\b');
    expect(/[^\u0020-\u007e]/.test(text.replace(/\n$/, ''))).toBe(false);
  });

  it('P12 cuts endless, circular and unreadable fields, and keeps the names of the line', async () => {
    const circle: Record<string, unknown> = {};
    circle['items'] = Array.from({ length: 100 }, () => circle);
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    const logger = open();
    logger.info('a', {
      level: 'fake',
      big: 2n ** 70n,
      bytes: new Uint8Array(5),
      long: 'x'.repeat(100_000),
      circle,
    });
    logger.info('b', { trap });
    logger.info('c', {
      get broken(): string {
        throw new Error('getter');
      },
      no: undefined,
      nan: Number.NaN,
    });
    await logger.close();
    expect(statSync(file).size).toBeLessThan(100_000);
    expect(lines()).toMatchObject([
      { level: 'info', level_: 'fake', big: '1180591620717411303424', bytes: '[5 bytes]' },
      { message: 'b', unreadable_fields: true },
      { message: 'c' },
    ]);
  });

  it('writes identical failures once in 30 s and says how many were held back', async () => {
    const clock = fakeClock();
    const logger = open({ clock });
    const fail = (code: 'transport_unreachable' | 'transport_timeout'): void =>
      logger.warn('Sync failed.', { error: new SyncError(code, 'x') });
    for (let n = 0; n < 5; n += 1) fail('transport_unreachable');
    fail('transport_timeout');
    clock.ms = 30_000;
    fail('transport_unreachable');
    fail('transport_unreachable');
    await logger.close();
    const seen = lines().map((line) => [
      (line['error'] as { code: string }).code,
      line['repeated'],
    ]);
    expect(seen).toEqual([
      ['transport_unreachable', undefined],
      ['transport_timeout', undefined],
      ['transport_unreachable', 4],
      ['transport_unreachable', undefined],
      ['transport_unreachable', 1],
    ]);
  });

  it('F75 goes on with standard error while the log cannot be written, and comes back to it', async () => {
    const clock = fakeClock();
    const stderr = new PassThrough();
    writeFileSync(join(folder, 'logs'), 'in the way');
    const logger = open({ clock, stderr });
    logger.info('first');
    logger.info('second');
    await new Promise(setImmediate);
    rmSync(join(folder, 'logs'));
    clock.ms = 10_000;
    logger.info('third');
    await logger.close();
    const text = String(stderr.read());
    expect(text.split('\n')[0]).toMatch(
      /^The log .*sync\.log cannot be written \(E[A-Z]+\); it is tried again/,
    );
    expect(text.match(/cannot be written/g)).toHaveLength(1);
    expect(parseLines(text.slice(text.indexOf('\n'))).map((line) => line['message'])).toEqual([
      'first',
      'second',
    ]);
    expect(lines().map((line) => line['message'])).toEqual(['third']);
  });

  it.runIf(existsSync('/dev/full'))(
    'F75 F48 never throws on a full disk or a closed standard error',
    async () => {
      const stderr = new PassThrough();
      stderr.destroy(new Error('EPIPE'));
      const reasons: string[] = [];
      const logger = open({
        file: '/dev/full',
        toStderr: true,
        stderr,
        onUnwritable: (reason) => reasons.push(reason),
      });
      for (let n = 0; n < 100; n += 1) logger.info('line');
      await logger.close();
      logger.info('after the end');
      expect(reasons).toEqual([
        'The log /dev/full cannot be written (ENOSPC); it is tried again by itself.',
      ]);
    },
  );

  it('P12 keeps at most five files of bounded size and loses no line between them', async () => {
    const logger = open({ maxBytes: 2000, maxFiles: 5 });
    for (let n = 0; n < 200; n += 1) logger.info('line', { n });
    await logger.close();
    const names = ['sync.4.log', 'sync.3.log', 'sync.2.log', 'sync.1.log', 'sync.log'];
    expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(names.toSorted());
    const numbers = names.flatMap((name) =>
      lines(join(folder, 'logs', name)).map((line) => line['n']),
    );
    expect(numbers).toEqual(
      Array.from({ length: numbers.length }, (_, n) => 200 - numbers.length + n),
    );
    for (const name of names)
      expect(statSync(join(folder, 'logs', name)).size).toBeLessThanOrEqual(2000);
  });

  it('says nothing where it has nowhere to', async () => {
    const logger = createLogger({ level: 'debug', redactor: createRedactor() });
    logger.error('unheard');
    await logger.close();
  });
});

describe('log file', () => {
  it('follows when another process turned the file over', () => {
    const mine = createLogFile({ path: file, maxBytes: 10, maxFiles: 3 });
    const other = createLogFile({ path: file, maxBytes: 10, maxFiles: 3 });
    mine.append('mine 1');
    other.append('other 1');
    mine.append('mine 2');
    mine.close();
    other.close();
    const texts = ['sync.2.log', 'sync.1.log', 'sync.log'].map((name) =>
      readFileSync(join(folder, 'logs', name), 'utf8'),
    );
    expect(texts).toEqual(['mine 1\n', 'other 1\n', 'mine 2\n']);
  });

  it('opens a new file when the old one was deleted', () => {
    mkdirSync(join(folder, 'logs'));
    const log = createLogFile({ path: file, maxBytes: 1000, maxFiles: 1 });
    log.append('one');
    rmSync(join(folder, 'logs'), { recursive: true });
    log.append('two');
    log.close();
    expect(readFileSync(file, 'utf8')).toBe('two\n');
  });
});
