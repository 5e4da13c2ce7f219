import { describe, expect, it } from 'vitest';
import { summariseTests } from './summarise-tests.ts';

function report(overrides: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    success: true,
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...overrides,
  });
}

describe('summariseTests', () => {
  it('counts what passed', () => {
    expect(summariseTests(report({ numPassedTests: 123 }))).toEqual({
      line: '123 passed, 0 failed',
      green: true,
    });
  });

  it('counts skipped and planned tests together', () => {
    const text = report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 1 });
    expect(summariseTests(text)).toEqual({ line: '5 passed, 0 failed, 2 skipped', green: true });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    const text = report({
      success: false,
      numPassedTests: 5,
      numFailedTests: 1,
      testResults: [broken],
    });
    expect(summariseTests(text)).toEqual({ line: '5 passed, 2 failed', green: false });
  });

  it('is red when the run failed for a reason outside the tests, and when nothing passed', () => {
    expect(summariseTests(report({ success: false, numPassedTests: 5 })).green).toBe(false);
    expect(summariseTests(report({})).green).toBe(false);
  });
});
