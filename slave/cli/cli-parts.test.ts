import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM_VERSION } from '../../common/core/program-version.ts';
import { emptyReport } from '../../common/core/sync-report.ts';
import { aStatus, aTableCount } from '../control/status-builders.testkit.ts';
import { canonicalWords } from './canonical-words.ts';
import { cliCommands } from './command-registry.ts';
import { progressText, reportText } from './report-text.ts';
import { statusDocument } from './status-document.ts';
import { statusText, timeText } from './status-text.ts';

describe('the command registry', () => {
  it('lists every file of commands/', () => {
    const files = readdirSync(new URL('./commands', import.meta.url)).filter(
      (name) => !name.endsWith('.test.ts'),
    );
    const source = readFileSync(new URL('./command-registry.ts', import.meta.url), 'utf8');
    expect(files.filter((name) => !source.includes(`./commands/${name}'`))).toEqual([]);
  });

  it('gives every command a name of its own, a summary and examples that call it', () => {
    expect(new Set(cliCommands.map(({ path }) => path.join(' '))).size).toBe(cliCommands.length);
    for (const command of cliCommands) {
      expect(command.summary).not.toBe('');
      expect(command.examples.length).toBeGreaterThan(0);
      expect(command.examples.every((example) => example.includes('slave '))).toBe(true);
    }
  });
});

describe('the words of a command line', () => {
  const groups = ['conflicts', 'rejected'];
  it.each([
    ['sync run --force', 'sync:run --force'],
    ['sync', 'sync:run'],
    ['sync --json', 'sync:run --json'],
    ['sync status', 'sync:status'],
    ['status --watch', 'sync:status --watch'],
    ['reset', 'sync:reset'],
    ['db migrate', 'db:migrate'],
    ['migrate', 'db:migrate'],
    ['conflicts:list --json', 'conflicts list --json'],
    ['rejected retry 3', 'rejected retry 3'],
    ['verify', 'verify'],
    ['', ''],
  ])('%s means %s', (written, meant) => {
    expect(canonicalWords(written.split(' '), groups).join(' ')).toBe(meant);
  });
});

describe('texts for people', () => {
  it('tells what a sync did', () => {
    const uploaded = { ...emptyReport.uploaded, records: 3, applied: 2, rejected: 1 };
    const downloaded = { ...emptyReport.downloaded, records: 1, created: 1 };
    expect(
      reportText({
        ...emptyReport,
        durationMs: 1234,
        requests: 3,
        uploaded,
        downloaded,
        pending: 2,
      }),
    ).toEqual([
      'synced after 1.2 s and 3 requests',
      'sent      3 records (2 applied, 1 rejected)',
      'received  1 record (1 new)',
      'waiting   2 records',
    ]);
    expect(progressText({ kind: 'downloaded', records: 5, total: 50, expected: 100 })).toBe(
      'received 50 of about 100 records',
    );
  });

  it('shows times with their distance', () => {
    const now = Date.parse('2026-01-01T00:10:00.000Z');
    expect(timeText('2026-01-01T00:00:00.000Z', now)).toBe('2026-01-01T00:00:00.000Z (10 min ago)');
    expect(timeText('2026-01-01T00:11:00.000Z', now)).toBe('2026-01-01T00:11:00.000Z (in 60 s)');
    expect(timeText(null, now)).toBe('never');
  });

  it('P17 shows a status without anything that acts on the terminal', () => {
    const lastError = {
      code: 'auth_invalid',
      message: 'a\u009b2J',
      hint: 'b\u001b]52;c;x\u0007',
      at: '2026-01-01T00:00:00.000Z',
    } as const;
    const text = statusText(
      aStatus({ status: 'failed', lastError, slaveName: 'x\u202e', tables: [aTableCount()] }),
      0,
    ).join('\n');
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('a\\x9b2J');
  });

  it('gives programs the fields of the status file first', () => {
    expect(Object.keys(statusDocument(aStatus())).slice(0, 7)).toEqual([
      'last_synced_at',
      'status',
      'pending_records',
      'last_error',
      'retry_count',
      'created_at',
      'updated_at',
    ]);
  });
});

describe('the version', () => {
  it('is that of package.json', () => {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(PROGRAM_VERSION);
  });
});
