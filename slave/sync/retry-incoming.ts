import type { RejectedChange } from '../../common/storage/slave-store.ts';
import type { IncomingRow } from './incoming-row.ts';
import { makeRowsTrue } from './make-rows-true.ts';
import { isRetryDue } from './retry-rejected.ts';
import type { SlaveDeps } from './slave-deps.ts';

const PAGE_SIZE = 500;

/** Tries again to take the master's rows that this database refused, where something new may have cured it (rule REJ2). */
export async function retryIncoming(deps: SlaveDeps): Promise<void> {
  const first = await deps.store.read((tx) => tx.rejected({ direction: 'down', limit: 1 }));
  if (first.length === 0) return;
  await deps.store.write(async (tx) => {
    const { progressCounter } = await tx.state();
    const nowMs = deps.clock.nowMs();
    let after = 0;
    for (;;) {
      const page = await tx.rejected({
        direction: 'down',
        triedBefore: progressCounter,
        after,
        limit: PAGE_SIZE,
      });
      const due = page.filter((change) => isRetryDue(change, progressCounter, nowMs));
      await makeRowsTrue(
        tx,
        deps,
        due.flatMap((change) => incomingOf(deps, change)),
      );
      after = page.at(-1)?.rejectedId ?? after;
      if (page.length < PAGE_SIZE) return;
    }
  });
}

function incomingOf(deps: SlaveDeps, change: RejectedChange): readonly IncomingRow[] {
  const table = deps.tables.byName.get(change.table);
  return table === undefined
    ? []
    : [{ table, id: change.id, row: change.row, version: change.version ?? 0 }];
}
