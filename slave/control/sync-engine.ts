import type { SyncReport } from '../../common/core/sync-report.ts';
import { dryRun, type DryRunReport } from '../sync/dry-run.ts';
import type { ProgressEvent } from '../sync/progress.ts';
import { resetSlave, type ResetReport, type ResetVariant } from '../sync/reset.ts';
import { runSyncCycle } from '../sync/run-sync-cycle.ts';
import type { SlaveDeps } from '../sync/slave-deps.ts';
import type { MasterClient } from '../transport/master-client.ts';

/** What a control has done by `slave/sync`; takes no lock itself. */
export interface SyncEngine {
  /** One cycle, with another master than usual where `masterUrl` is given. Sync failures are in the report. */
  cycle(
    masterUrl: string | undefined,
    onProgress: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<SyncReport>;
  dryRun(masterUrl: string | undefined, signal: AbortSignal): Promise<DryRunReport>;
  reset(variant: ResetVariant | 'auto', signal: AbortSignal): Promise<ResetReport>;
}

/** Binds the use cases of `slave/sync` to what they work with. `clientFor` makes the client of another master. */
export function createSyncEngine(
  deps: SlaveDeps,
  clientFor: (masterUrl: string) => MasterClient,
): SyncEngine {
  const withMaster = async <T>(
    masterUrl: string | undefined,
    work: (deps: SlaveDeps) => Promise<T>,
  ): Promise<T> => {
    if (masterUrl === undefined) return await work(deps);
    const client = clientFor(masterUrl);
    try {
      return await work({ ...deps, client });
    } finally {
      client.close();
    }
  };
  return {
    cycle: (masterUrl, onProgress, signal) =>
      withMaster(masterUrl, (bound) => runSyncCycle(bound, { onProgress, signal })),
    dryRun: (masterUrl, signal) => withMaster(masterUrl, (bound) => dryRun(bound, signal)),
    reset: (variant, signal) => resetSlave(deps, variant, signal),
  };
}
