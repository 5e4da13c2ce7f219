import { canonicalRecordText } from '../../common/core/record-hash.ts';
import type { SentChange } from '../../common/storage/slave-store.ts';
import { buildRecord } from './build-record.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Sent changes that are asked about at once. */
const MAX_ASKED = 1000;

/**
 * Finds the own changes that the master took once and no longer has, because it was restored from a backup (rule ID7).
 *
 * @param incarnation the new one, under which the slave will go on.
 * @returns their places, in order.
 * @throws SyncError what the master says; nothing has changed then.
 */
export async function findLostChanges(
  deps: SlaveDeps,
  incarnation: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const lost: number[] = [];
  let after = 0;
  for (;;) {
    const chunk = await deps.store.read((tx) => tx.sent(after, MAX_ASKED));
    const last = chunk.at(-1);
    if (last === undefined) return lost;
    after = last.place;
    for (const [former, changes] of Map.groupBy(chunk, (change) => change.incarnation)) {
      const known = await knownAmong(deps, changes, { incarnation, former, signal });
      lost.push(...changes.filter(({ entry }) => !known.has(entry.operation)).map(placeOf));
    }
  }
}

/** Numbers that the master has used but no longer has the content of were taken by it, so they are known. */
async function knownAmong(
  deps: SlaveDeps,
  changes: readonly SentChange[],
  ask: { readonly incarnation: string; readonly former: string; readonly signal: AbortSignal },
): Promise<ReadonlySet<number>> {
  const operations = changes.map(({ entry }) => ({
    op: entry.operation,
    hash: deps.sha256(canonicalRecordText(buildRecord(entry))),
  }));
  const { incarnation, former, signal } = ask;
  const { body } = await deps.client.enroll(
    { incarnation, replaces: former, operations, final: false },
    { incarnation, nonce: null, exchangeId: null },
    signal,
  );
  return new Set([...body.known, ...body.unverifiable]);
}

function placeOf({ place }: SentChange): number {
  return place;
}
