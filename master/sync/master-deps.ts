import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { MasterStore } from '../../common/storage/master-store.ts';

/** What every use case of the master works with. */
export interface MasterDeps {
  readonly store: MasterStore;
  readonly tables: TableRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Random text for nonces, epochs and conflict ids, 128 bit or more. */
  readonly randomId: () => string;
  /** Hex SHA-256 of a text. */
  readonly sha256: (text: string) => string;
}
