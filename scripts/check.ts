import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** One check: a program of `node_modules/.bin`, or a script of ours, with its arguments. */
interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

interface Outcome {
  readonly step: Step;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: string;
}

const PROGRAMS = 'node_modules/.bin';
const ROOMS = ['common', 'master', 'slave', 'scripts', 'test'];
const TYPE_CACHE = 'node_modules/.cache/check.tsbuildinfo';

/** Longest first, so that two at a time end soonest. */
const STEPS: readonly Step[] = [
  {
    name: 'types',
    program: `${PROGRAMS}/tsc`,
    args: ['--noEmit', '--incremental', '--tsBuildInfoFile', TYPE_CACHE, '--pretty', 'false'],
  },
  {
    name: 'architecture',
    program: `${PROGRAMS}/depcruise`,
    args: ['--config', '.dependency-cruiser.mjs', ...ROOMS],
  },
  { name: 'dead-code', program: `${PROGRAMS}/knip`, args: ['--no-progress', '--no-config-hints'] },
  { name: 'docs', program: 'scripts/check-docs.ts', args: [] },
  { name: 'lint', program: `${PROGRAMS}/oxlint`, args: ['--format=unix'] },
  { name: 'format', program: `${PROGRAMS}/oxfmt`, args: ['--list-different', '.'] },
];

const AT_ONCE = 3;

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    console.error(
      `There is no check "${unknown}". Checks: ${STEPS.map((one) => one.name).join(', ')}`,
    );
    process.exitCode = 64;
    return;
  }
  const waiting = STEPS.filter((step) => names.length === 0 || names.includes(step.name));
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const outcome = await run(step);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  conclude(outcomes);
}

async function run(step: Step): Promise<Outcome> {
  const startedMs = performance.now();
  // The node that runs this script runs the steps: the package's own, not whichever comes first in PATH.
  const child = spawn(process.execPath, [step.program, ...step.args], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return {
    step,
    passed: code === 0,
    output: `${stdout}${stderr}`.replace(/^\s*\n/, '').trimEnd(),
    seconds: ((performance.now() - startedMs) / 1000).toFixed(1),
  };
}

function report({ step, passed, output, seconds }: Outcome): void {
  if (passed) {
    console.log(`ok      ${step.name} (${seconds} s)`);
    return;
  }
  const indented = output.replaceAll(/^(?=.)/gm, '        ');
  console.log(`FAILED  ${step.name} (${seconds} s)\n${indented}`);
}

function conclude(outcomes: readonly Outcome[]): void {
  const failed = outcomes.filter((outcome) => !outcome.passed).map(({ step }) => step.name);
  if (failed.length === 0) return;
  console.log(`\n${failed.length} of ${outcomes.length} checks failed: ${failed.join(', ')}`);
  console.log(`Once more, one alone: npm run check -- ${failed[0] ?? ''}`);
  process.exitCode = 1;
}

await main(process.argv.slice(2));
