import { describe, expect, it } from 'vitest';
import { errorCodes, type ErrorCodeDefinition } from './error-codes.ts';

const codes: readonly (readonly [string, ErrorCodeDefinition])[] = Object.entries(errorCodes);

/** Exit codes of the commands (design 2.4). */
const EXITS = [64, 65, 69, 70, 73, 74, 75, 77, 78];

describe.each(codes)('%s', (code, definition) => {
  it('is lower snake case', () => {
    expect(code).toMatch(/^[a-z]+(?:_[a-z0-9]+)*$/);
  });

  it('says what it means and what to do, in sentences', () => {
    expect(definition.meaning).toMatch(/^[A-Z].+\.$/);
    expect(definition.remedy).toMatch(/\S.*[.]$/);
    expect(definition.meaning).not.toBe(definition.remedy);
  });

  it('ends a command with an exit code that the contract knows', () => {
    expect(EXITS).toContain(definition.exit);
  });

  it('travels under an error status, if it travels', () => {
    const { status = 400 } = definition;
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });
});

describe('families', () => {
  const family = (prefix: string): readonly (readonly [string, ErrorCodeDefinition])[] =>
    codes.filter(([code]) => code.startsWith(prefix));

  it.each([
    ['auth_', { exit: 77, retryable: false }],
    ['config_', { exit: 78, retryable: false }],
    ['transport_', { retryable: true }],
  ])('%s codes are alike', (prefix, alike) => {
    expect(family(prefix).length).toBeGreaterThan(0);
    for (const [, definition] of family(prefix)) expect(definition).toMatchObject(alike);
  });

  it('codes of single records never are the status of a whole request', () => {
    for (const prefix of ['value_', 'text_', 'row_']) {
      for (const [, { status, exit }] of family(prefix)) {
        expect([status, exit]).toEqual([undefined, 65]);
      }
    }
  });
});

it.each([
  ['auth_required', 401],
  ['auth_invalid', 401],
  ['epoch_changed', 409],
  ['slave_forked', 409],
  ['slave_rewound', 409],
  ['sequence_gap', 409],
  ['batch_id_reused', 409],
  ['cursor_expired', 410],
  ['body_too_large', 413],
  ['protocol_version', 426],
  ['protocol_rate_limited', 429],
  ['protocol_busy', 503],
] as const)('the contract gives %s the status %i', (code, status) => {
  expect(errorCodes[code].status).toBe(status);
});
