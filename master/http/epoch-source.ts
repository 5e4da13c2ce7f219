import type { Clock } from '../../common/core/clock.ts';
import { settlesWithin } from '../../common/runtime/sleep.ts';
import type { MasterStore } from '../../common/storage/master-store.ts';

/** Tells the master's epoch for the header of every answer (rule WIRE4). */
export interface EpochSource {
  /** Null while the database does not answer and the epoch was never read. */
  current(): Promise<string | null>;
  /** Reads anew next time, because the epoch may just have changed (rule ID6). */
  forget(): void;
}

/** What the source works with. */
export interface EpochSourceDeps {
  readonly store: Pick<MasterStore, 'read'>;
  readonly clock: Clock;
}

/** A database that hangs must not make every answer hang, least of all the one that says so. */
const PATIENCE_MS = 500;

/** Another process on the same database may begin a new epoch; so soon it is noticed here. */
const FRESH_MS = 1000;

/** Reads the epoch at most once a second and keeps the last one known while the database does not answer. */
export function createEpochSource({ store, clock }: EpochSourceDeps): EpochSource {
  let epoch: string | null = null;
  let readAtMs = -Infinity;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    try {
      epoch = await store.read((tx) => tx.epoch());
      readAtMs = clock.monotonicMs();
    } catch {
      // Requests that need the database report it; here only the header is old or missing.
    } finally {
      reading = undefined;
    }
  };
  return {
    current: async () => {
      if (epoch !== null && clock.monotonicMs() - readAtMs < FRESH_MS) return epoch;
      reading ??= read();
      await settlesWithin(reading, PATIENCE_MS);
      return epoch;
    },
    forget: () => {
      readAtMs = -Infinity;
    },
  };
}
