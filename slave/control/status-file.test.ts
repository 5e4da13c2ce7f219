import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, type Logger } from '../../common/core/logger.ts';
import { aStatus } from './status-builders.testkit.ts';
import { readStatusFile, StatusFile, statusFilePath } from './status-file.ts';

let storagePath: string;
let path: string;
let now = 0;
const clock = {
  nowIso: () => new Date(now).toISOString(),
  nowMs: () => now,
  monotonicMs: () => now,
};
const fileOf = (log: Logger = silentLogger): StatusFile =>
  new StatusFile({ storagePath, clock, log });

beforeEach(async () => {
  storagePath = await mkdtemp(join(tmpdir(), 'tidewater-status-'));
  path = statusFilePath(storagePath);
  now = Date.parse('2026-01-02T00:00:00.000Z');
});
afterEach(async () => {
  await rm(storagePath, { recursive: true, force: true });
});

const damaged = async (): Promise<readonly string[]> =>
  (await readdir(dirname(path))).filter((name) => name.includes('.corrupt-'));

describe('the status file', () => {
  it('STATE1 begins with the seven fields in their order', async () => {
    await fileOf().update(aStatus({ pendingRecords: 2, status: 'idle' }));
    const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    expect(Object.entries(content).slice(0, 7)).toEqual([
      ['last_synced_at', '2026-01-01T00:00:00.000Z'],
      ['status', 'idle'],
      ['pending_records', 2],
      ['last_error', null],
      ['retry_count', 0],
      ['created_at', '2025-12-31T00:00:00.000Z'],
      ['updated_at', '2026-01-02T00:00:00.000Z'],
    ]);
    expect(content).toMatchObject({
      rejected_records: 0,
      open_conflicts: 0,
      trouble: null,
      slave: 'shop-1',
      loading: null,
    });
  });

  it('P17 shows no control characters of an error', async () => {
    const lastError = {
      code: 'auth_invalid',
      message: 'a\u009b2Jb',
      hint: 'c\u001bd',
      at: 't',
    } as const;
    await fileOf().update(aStatus({ lastError, status: 'failed' }));
    expect(await readStatusFile(path)).toMatchObject({
      last_error: 'a\\x9b2Jb',
      last_error_code: 'auth_invalid',
      last_error_hint: 'c\\x1bd',
    });
  });

  it('is written only when something changed', async () => {
    const file = fileOf();
    await file.update(aStatus());
    const before = await stat(path);
    now += 60_000;
    await file.update(aStatus());
    await fileOf().update(aStatus());
    expect((await stat(path)).ino).toBe(before.ino);
    await file.update(aStatus({ pendingRecords: 1 }));
    expect(await readStatusFile(path)).toMatchObject({
      pending_records: 1,
      updated_at: '2026-01-02T00:01:00.000Z',
    });
  });

  it('comes back when it is removed, or changed by hand', async () => {
    const file = fileOf();
    await file.update(aStatus());
    await rm(path);
    await file.update(aStatus());
    expect((await readStatusFile(path))?.status).toBe('success');
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace('"pending_records": 0', '"pending_records": 7'),
    );
    await file.update(aStatus());
    expect((await readStatusFile(path))?.pending_records).toBe(0);
  });

  it.each([
    ['empty', ''],
    ['half', '{"status":"su'],
    ['binary', '\u0000\u0001\u0002'],
    ['wrong types', '{"status":5}'],
    ['a list', '[]'],
    ['larger than any status', `{"x":"${'y'.repeat(100_000)}"}`],
  ])('F53 is rebuilt when it is damaged (%s), and the bad copy is kept', async (_name, text) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    expect(await readStatusFile(path)).toBeNull();
    await fileOf().update(aStatus());
    expect((await readStatusFile(path))?.status).toBe('success');
    expect(await damaged()).toHaveLength(1);
  });

  it('F53 keeps the newest three bad copies', async () => {
    const file = fileOf();
    for (let round = 0; round < 5; round += 1) {
      now += 1000;
      await file.update(aStatus());
      await writeFile(path, `bad ${round}`);
    }
    now += 1000;
    await file.update(aStatus());
    expect(await damaged()).toHaveLength(3);
  });

  it('F52 takes the place of a folder and of a link, and follows neither', async () => {
    await mkdir(path, { recursive: true });
    await fileOf().update(aStatus());
    expect((await readStatusFile(path))?.status).toBe('success');
    const elsewhere = join(storagePath, 'elsewhere');
    await writeFile(elsewhere, 'untouched');
    await rm(path);
    now += 1000;
    await symlink(elsewhere, path);
    await fileOf().update(aStatus());
    expect((await readStatusFile(path))?.status).toBe('success');
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched');
  });

  it('F52 warns once, and never throws, where it cannot be written', async () => {
    await writeFile(dirname(path), 'a file where the folder should be');
    const warnings: string[] = [];
    const file = fileOf({ ...silentLogger, warn: (message) => void warnings.push(message) });
    await file.update(aStatus());
    await file.update(aStatus());
    expect(warnings).toHaveLength(1);
  });
});
