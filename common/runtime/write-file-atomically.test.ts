import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SyncError } from '../core/sync-error.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function failure(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SyncError) return error;
  throw new Error(`expected a SyncError, got ${String(error)}`);
}

describe('writeFileAtomically', () => {
  it('T1 makes missing folders, writes everything and leaves nothing else behind', async () => {
    const path = join(folder, 'a/b/status.json');
    await writeFileAtomically(path, 'é'.repeat(100_000));
    await writeFileAtomically(path, new Uint8Array([1, 2, 3]), { mode: 0o600 });
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['status.json']);
  });

  it('P5 shows readers whole files only while several writers replace it', async () => {
    const path = join(folder, 'status.json');
    const texts = Array.from({ length: 20 }, (_, n) =>
      JSON.stringify({ n, fill: 'x'.repeat(n * 5000) }),
    );
    await writeFileAtomically(path, '{}');
    let isWriting = true;
    const writing = Promise.all(texts.map((text) => writeFileAtomically(path, text))).finally(
      () => {
        isWriting = false;
      },
    );
    while (isWriting) {
      const text = readFileSync(path, 'utf8');
      expect(text === '{}' || texts.includes(text)).toBe(true);
      await new Promise(setImmediate);
    }
    await writing;
    expect(readdirSync(folder)).toEqual(['status.json']);
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    const outside = join(folder, 'outside.txt');
    mkdirSync(join(folder, 'in'));
    writeFileSync(outside, 'untouched');
    symlinkSync(outside, join(folder, 'in/status.json'));
    await writeFileAtomically(join(folder, 'in/status.json'), 'new');
    expect(readFileSync(outside, 'utf8')).toBe('untouched');
    expect(readFileSync(join(folder, 'in/status.json'), 'utf8')).toBe('new');
  });

  it('removes what killed processes left behind, but not files of others', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const names = {
      dead: `.status.json.${gone}.0123456789ab.tmp`,
      ownOld: `.status.json.${process.pid}.0123456789ab.tmp`,
      ownNew: `.status.json.${process.pid}.ba9876543210.tmp`,
      foreign: '.status.json.swp',
    };
    for (const name of Object.values(names)) writeFileSync(join(folder, name), 'rest');
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(join(folder, names.ownOld), longAgo, longAgo);
    await writeFileAtomically(join(folder, 'status.json'), 'new');
    expect(readdirSync(folder).toSorted()).toEqual(
      [names.ownNew, names.foreign, 'status.json'].toSorted(),
    );
  });

  it('says storage_unwritable where a folder or a file is in the way', async () => {
    mkdirSync(join(folder, 'status.json/x'), { recursive: true });
    writeFileSync(join(folder, 'file'), '');
    expect((await failure(writeFileAtomically(join(folder, 'status.json'), 'x'))).code).toBe(
      'storage_unwritable',
    );
    const inFile = await failure(writeFileAtomically(join(folder, 'file/status.json'), 'x'));
    expect(inFile.code).toBe('storage_unwritable');
    expect(inFile.message).toContain(join(folder, 'file/status.json'));
    expect(readdirSync(folder).toSorted()).toEqual(['file', 'status.json']);
  });

  const canMount =
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['-m', 'true']).status === 0;

  it.runIf(canMount)(
    'T1 F48 says storage_full on a full disk and keeps the old content whole',
    () => {
      const script = `
      mount -t tmpfs -o size=64k none ${folder} && cd ${folder} &&
      ${process.execPath} ${join(import.meta.dirname, 'testdata/write-until-full.ts')} ${folder}`;
      const output = execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' });
      expect(JSON.parse(output)).toEqual({
        code: 'storage_full',
        old: 'old content',
        files: ['fill', 'status.json'],
      });
    },
  );

  it.runIf(canMount)('T2 tells to mount the folder where a single file is mounted', () => {
    const script = `
      touch ${folder}/host ${folder}/status.json && mount --bind ${folder}/host ${folder}/status.json &&
      ${process.execPath} ${join(import.meta.dirname, 'testdata/write-mounted-file.ts')} ${folder}`;
    const output = execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({
      code: 'storage_unwritable',
      hint: 'Mount the folder of the file, not the single file.',
    });
  });
});
