import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import { systemClock } from '../../common/runtime/system-clock.ts';
import { acquireLock, isLocked, type LockRequest } from './lock.ts';

let storagePath: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  storagePath = await mkdtemp(join(tmpdir(), 'tidewater-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(storagePath, { recursive: true, force: true });
});

const request = (overrides: Partial<LockRequest> = {}): LockRequest => ({
  storagePath,
  name: 'sync',
  command: 'sync:run',
  clock: systemClock,
  ...overrides,
});

const HOLDER = `
  const { acquireLock } = await import(process.argv[1]);
  const { systemClock } = await import(process.argv[2]);
  try {
    await acquireLock({ storagePath: process.argv[3], name: 'sync', command: 'holder', clock: systemClock });
    console.log('held');
    setInterval(() => undefined, 1000);
  } catch (error) {
    console.log(error.code);
  }`;

async function startHolder(): Promise<{ child: ChildProcess; said: string }> {
  const urls = ['./lock.ts', '../../common/runtime/system-clock.ts'].map(
    (path) => new URL(path, import.meta.url).href,
  );
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', HOLDER, ...urls, storagePath],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function refusal(promise: Promise<unknown>): Promise<SyncError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(SyncError);
  return thrown as SyncError;
}

describe('the lock', () => {
  it('LOCK1 refuses a second holder in the same process, until it is released', async () => {
    const lock = await acquireLock(request());
    expect((await refusal(acquireLock(request()))).code).toBe('sync_already_running');
    expect(await isLocked(storagePath, 'sync')).toBe(true);
    await lock.release();
    await lock.release();
    expect(await isLocked(storagePath, 'sync')).toBe(false);
    await (await acquireLock(request())).release();
  });

  it('P7 refuses a second process and names the first', async () => {
    const { said, child } = await startHolder();
    expect(said).toBe('held');
    const error = await refusal(acquireLock(request()));
    expect(error.code).toBe('sync_already_running');
    expect(error.definition.exit).toBe(75);
    expect(error.message).toContain(`process ${String(child.pid)}`);
    expect((await startHolder()).said).toBe('sync_already_running');
  });

  it('F54 is free at once after kill -9', async () => {
    const { child } = await startHolder();
    expect(await isLocked(storagePath, 'sync')).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isLocked(storagePath, 'sync')).toBe(false);
    await (await acquireLock(request())).release();
  });

  it('F54 T3 stays with a stopped process', async () => {
    const { child } = await startHolder();
    child.kill('SIGSTOP');
    expect((await refusal(acquireLock(request()))).code).toBe('sync_already_running');
    child.kill('SIGCONT');
    expect((await refusal(acquireLock(request()))).code).toBe('sync_already_running');
  });

  it('P7 goes to exactly one of many that ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(request())));
    const held = asked.filter((one) => one.status === 'fulfilled');
    expect(held).toHaveLength(1);
    await held[0]?.value.release();
  });

  it('keeps the locks of cycle and daemon apart', async () => {
    const daemon = await acquireLock(request({ name: 'daemon' }));
    const sync = await acquireLock(request());
    await Promise.all([daemon.release(), sync.release()]);
  });

  it('P5 takes a lock file that something else wrote over', async () => {
    await writeFile(join(storagePath, 'sync.lock.sqlite'), 'not a database at all '.repeat(100));
    const lock = await acquireLock(request());
    expect((await refusal(acquireLock(request()))).code).toBe('sync_already_running');
    await lock.release();
  });

  it('says which folder cannot be used', async () => {
    const path = join(storagePath, 'file');
    await writeFile(path, '');
    const error = await refusal(acquireLock(request({ storagePath: path })));
    expect(error.code).toBe('storage_unwritable');
    expect(error.message).toContain(path);
  });

  it('leaves neither journal nor note behind', async () => {
    const lock = await acquireLock(request());
    await lock.release();
    expect((await readdir(storagePath)).toSorted()).toEqual(['sync.lock.sqlite']);
  });
});
