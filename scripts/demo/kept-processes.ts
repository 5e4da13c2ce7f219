import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DemoFailure } from './demo-failure.ts';
import { projectRoot, type Program } from './processes.ts';

/** A program that a demo left running. */
export interface KeptProcess {
  /** `master`, or the shop's name. */
  readonly name: string;
  readonly program: Program;
  readonly pid: number;
}

/** Folder of a demo that goes on running, below the project's. */
export const KEPT_FOLDER = join('storage', 'demo');

const FILE = join(projectRoot, KEPT_FOLDER, 'processes.json');
const STOP_DEADLINE_MS = 12_000;
const LOOK_EVERY_MS = 50;

/** Writes down what was left running. */
export function writeKept(kept: readonly KeptProcess[]): void {
  writeFileSync(FILE, `${JSON.stringify(kept, null, 2)}\n`);
}

/** What an earlier demo left running and still runs. */
export async function findKept(): Promise<readonly KeptProcess[]> {
  const kept = readKept();
  const running = await Promise.all(kept.map(isRunning));
  return kept.filter((_, index) => running[index] === true);
}

/**
 * Stops what an earlier demo left running; its files stay.
 *
 * @throws DemoFailure naming processes that do not end.
 */
export async function stopKept(): Promise<readonly KeptProcess[]> {
  const kept = await findKept();
  for (const { pid } of kept) process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + STOP_DEADLINE_MS;
  let left = kept;
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(LOOK_EVERY_MS);
    left = await findKept();
  }
  if (left.length > 0) {
    throw new DemoFailure(
      'these do not stop',
      left.map(({ name, pid }) => `${name}, process ${pid}: kill -9 ${pid}`),
    );
  }
  rmSync(FILE, { force: true });
  return kept;
}

function readKept(): readonly KeptProcess[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as readonly KeptProcess[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new DemoFailure(
      `${FILE} cannot be read; look with \`ps\` for what runs, then remove the file`,
      [String(error)],
    );
  }
}

/** Whether the process is still the one that was started: numbers are given anew after a while. */
async function isRunning({ pid, program }: KeptProcess): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(`${join(program, 'main.ts')} start`);
  } catch {
    return false; // `ps` exits with 1 where there is no such process
  }
}
