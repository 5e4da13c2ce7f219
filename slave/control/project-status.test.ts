import { describe, expect, it } from 'vitest';
import type { SlaveSyncState } from '../../common/storage/slave-store.ts';
import { projectStatus, type StatusFacts } from './project-status.ts';
import { aState, aTableCount, someFacts } from './status-builders.testkit.ts';

const word = (facts: Partial<StatusFacts>, state: Partial<SlaveSyncState> = {}): string =>
  projectStatus(someFacts({ ...facts, state: aState(state) })).status;
const error = {
  code: 'transport_unreachable',
  message: 'm',
  hint: 'h',
  at: '2026-01-01T00:00:00.000Z',
} as const;

describe('the status word', () => {
  it('P14 is success after a sync with nothing waiting', () => {
    expect(word({})).toBe('success');
  });

  it('P14 is idle as soon as a local row waits', () => {
    expect(word({ pendingRecords: 1 })).toBe('idle');
  });

  it('P14 is idle before the first sync and while a load is under way', () => {
    expect(word({}, { lastSyncedAt: null })).toBe('idle');
    expect(
      word(
        {},
        { loading: { rows: 1, totalRows: 9, startedAt: 't', resync: false, keepLocalOnly: false } },
      ),
    ).toBe('idle');
  });

  it('P14 is failed after a failed attempt, whatever waits', () => {
    expect(word({}, { lastError: error })).toBe('failed');
    expect(word({ pendingRecords: 3 }, { lastError: error })).toBe('failed');
  });

  it('ID5 is failed in a state that needs a reset', () => {
    expect(word({}, { trouble: 'slave_forked' })).toBe('failed');
  });

  it('is disabled by setting and by pausing, running while a cycle runs', () => {
    expect(word({ enabled: false })).toBe('disabled');
    expect(word({}, { paused: true })).toBe('disabled');
    expect(word({ enabled: false, running: true })).toBe('running');
  });
});

describe('the status', () => {
  it('adds up open conflicts of all tables', () => {
    const tables = [
      aTableCount({ openConflicts: 2 }),
      aTableCount({ table: 'transactions', openConflicts: 1 }),
    ];
    expect(projectStatus(someFacts({ tables })).openConflicts).toBe(3);
  });

  it('shows progress of a load', () => {
    const state = aState({
      loading: { rows: 5, totalRows: 9, startedAt: 't', resync: true, keepLocalOnly: false },
    });
    expect(projectStatus(someFacts({ state })).loading).toEqual({
      rows: 5,
      totalRows: 9,
      startedAt: 't',
    });
  });
});
