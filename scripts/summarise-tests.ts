import { readFileSync } from 'node:fs';
import { z } from 'zod';

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** Counts of a test run, and whether it may pass for green. */
export interface TestSummary {
  readonly line: string;
  readonly green: boolean;
}

/**
 * Sums up a report of vitest's JSON reporter as `N passed, N failed, N skipped`. A file that could not even be loaded
 * counts as one failure, and a run without any passed test is not green.
 */
export function summariseTests(report: string): TestSummary {
  const run = reportSchema.parse(JSON.parse(report));
  const unloadable = run.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const counted = run.numFailedTests + unloadable.length;
  const failed = run.success ? counted : Math.max(counted, 1);
  const skipped = run.numPendingTests + run.numTodoTests;
  const tail = skipped === 0 ? '' : `, ${skipped} skipped`;
  return {
    line: `${run.numPassedTests} passed, ${failed} failed${tail}`,
    green: failed === 0 && run.numPassedTests > 0,
  };
}

function main(path: string): void {
  try {
    const summary = summariseTests(readFileSync(path, 'utf8'));
    console.log(summary.line);
    if (!summary.green) process.exitCode = 1;
  } catch (thrown) {
    console.error(`no test report in ${path}: ${String(thrown)}`);
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
  }
}

if (import.meta.main) main(process.argv[2] ?? '');
