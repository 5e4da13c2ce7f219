import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { SlaveStore } from '../../common/storage/slave-store.ts';
import type { MasterClient } from '../transport/master-client.ts';

/** What every use case of the slave works with. */
export interface SlaveDeps {
  readonly store: SlaveStore;
  readonly client: MasterClient;
  readonly tables: TableRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  /** Random text for incarnations, exchanges and batches, 128 bit or more. */
  readonly randomId: () => string;
  /** Hex SHA-256 of a text. */
  readonly sha256: (text: string) => string;
  readonly slaveName: string;
  /** Usual time between cycles. */
  readonly intervalMs: number;
  /** Most records of one upload. */
  readonly batchSize: number;
  readonly programVersion: string;
}
