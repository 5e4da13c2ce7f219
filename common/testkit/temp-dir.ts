import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished, TestRunner } from 'vitest';

const ofWholeFile = new Set<string>();

// Vitest takes hooks only while a file is collected, so the one for directories that `beforeAll` makes is set here.
// Hooks run in reverse, so that it comes after every `afterAll` of the file.
afterAll(() => ofWholeFile.forEach(remove));

/**
 * Makes an empty directory of its own outside the repository.
 *
 * @returns its absolute path. Made inside a test it is removed when the test ends, else (`beforeAll`) when all tests
 * of the file have ended.
 */
export function makeTempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'tidewater-test-'));
  if (TestRunner.getCurrentTest() === undefined) ofWholeFile.add(path);
  else onTestFinished(() => remove(path));
  return path;
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}
