import { describe, expect, test } from 'vitest';
import { SyncError } from '../../common/core/sync-error.ts';
import { systemClock } from '../../common/runtime/system-clock.ts';
import type { MasterReadTx, MasterStore } from '../../common/storage/master-store.ts';
import { createEpochSource } from './epoch-source.ts';

function makeSource(read: () => Promise<string>) {
  let nowMs = 0;
  let reads = 0;
  const store: Pick<MasterStore, 'read'> = {
    read: (work) => {
      const epoch = (): Promise<string> => {
        reads += 1;
        return read();
      };
      return work({ epoch } as unknown as MasterReadTx);
    },
  };
  const source = createEpochSource({ store, clock: { ...systemClock, monotonicMs: () => nowMs } });
  return {
    source,
    advance: (ms: number) => {
      nowMs += ms;
    },
    reads: () => reads,
  };
}

describe('createEpochSource', () => {
  test('asks the database once a second at most', async () => {
    const { source, advance, reads } = makeSource(() => Promise.resolve('e1'));
    expect(await Promise.all([source.current(), source.current()])).toEqual(['e1', 'e1']);
    advance(999);
    await source.current();
    expect(reads()).toBe(1);
    advance(1);
    await source.current();
    expect(reads()).toBe(2);
  });

  test('ID6 a new epoch is read at once when it was made here', async () => {
    let epoch = 'e1';
    const { source } = makeSource(() => Promise.resolve(epoch));
    expect(await source.current()).toBe('e1');
    epoch = 'e2';
    expect(await source.current()).toBe('e1');
    source.forget();
    expect(await source.current()).toBe('e2');
  });

  test('a database that fails or hangs leaves the last known epoch, or none', async () => {
    let answer: () => Promise<string> = () =>
      Promise.reject(new SyncError('storage_unavailable', 'down'));
    const { source, advance } = makeSource(() => answer());
    expect(await source.current()).toBeNull();
    answer = () => Promise.resolve('e1');
    expect(await source.current()).toBe('e1');
    advance(5000);
    answer = () => new Promise(() => undefined);
    expect(await source.current()).toBe('e1');
  });
});
