import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { TokenStore } from '../../common/storage/token-store.ts';
import type { EpochSource } from './epoch-source.ts';
import type { SyncUseCases } from './sync-use-cases.ts';

/** Bounds of what one process takes on (promise P12). */
export interface HttpLimits {
  /** Most bytes of one body, packed and unpacked. */
  readonly maxBodyBytes: number;
  /** Most bytes of all bodies together that are held at one time. */
  readonly maxHeldBytes: number;
  /** Most requests of one sort (with a body, without) that are worked on at one time. */
  readonly maxConcurrent: number;
  /** Requests a second that one identity may go on making, and how many it may make at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
}

/** What the HTTP shell works with. */
export interface HttpDeps {
  readonly useCases: SyncUseCases;
  readonly tokens: TokenStore;
  readonly tables: TableRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly randomId: () => string;
  readonly sha256: (text: string) => string;
  readonly epoch: EpochSource;
  /** Answers when the database does. @throws SyncError `storage_unavailable`. */
  readonly ping: () => Promise<void>;
  readonly limits: HttpLimits;
}

/** Limits for production. */
export const defaultHttpLimits: HttpLimits = {
  maxBodyBytes: 8 * 1024 * 1024,
  maxHeldBytes: 128 * 1024 * 1024,
  maxConcurrent: 64,
  requestsPerSecond: 100,
  requestBurst: 2000,
};
