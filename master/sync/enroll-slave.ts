import { hashByOperation } from '../../common/core/operation-sequence.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { EnrollAnswer, EnrollRequest } from '../../common/protocol/enroll.ts';
import { uploadAnswerSchema } from '../../common/protocol/upload.ts';
import type { MasterWriteTx, SlaveState, StoredBatch } from '../../common/storage/master-store.ts';
import { holds, newSlaveState } from './begin-exchange.ts';
import type { RequestIdentity } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';

/** Former incarnations that are remembered, to tell a late copy from a stranger. */
const REMEMBERED_INCARNATIONS = 20;

/**
 * Gives a slave's name to a new incarnation and tells which of its unsent operations the master has already
 * (rule ID4). Repeatable: the same request gets the same answer.
 *
 * @throws SyncError `slave_mismatch` for a request without a name.
 */
export async function enrollSlave(
  deps: MasterDeps,
  identity: RequestIdentity,
  request: EnrollRequest,
): Promise<EnrollAnswer> {
  if (identity.name === '') throw new SyncError('slave_mismatch', 'the request names no slave');
  return deps.store.write(async (tx) => {
    const state = await tx.lockSlave(identity.name);
    const judged = await judgeOperations(tx, identity.name, state, request);
    if (request.final && state?.incarnation !== request.incarnation) {
      await tx.saveSlave(enrolled(identity.name, state, request.incarnation, deps.clock.nowIso()));
      deps.log.info('a slave has a new incarnation', { slave: identity.name });
    }
    return { epoch: await tx.epoch(), ...judged };
  });
}

function enrolled(
  name: string,
  former: SlaveState | null,
  incarnation: string,
  nowIso: string,
): SlaveState {
  const fresh = newSlaveState(name, incarnation, former?.createdAt ?? nowIso);
  if (former === null) return fresh;
  return {
    ...fresh,
    lastContactAt: nowIso,
    formerIncarnations: [...former.formerIncarnations, former.incarnation].slice(
      -REMEMBERED_INCARNATIONS,
    ),
  };
}

async function judgeOperations(
  tx: MasterWriteTx,
  name: string,
  state: SlaveState | null,
  request: EnrollRequest,
): Promise<{ readonly known: number[]; readonly unverifiable: number[] }> {
  const { operations, replaces } = request;
  if (replaces === null || operations.length === 0) return { known: [], unverifiable: [] };
  const numbers = operations.map(({ op }) => op);
  const holder = (await holderOf(tx, state, replaces)) ?? state;
  const stored = await tx.batchesCovering(
    holder?.name ?? name,
    replaces,
    Math.min(...numbers),
    Math.max(...numbers),
  );
  const hashes = hashByOperation(
    stored.map((batch) => ({
      ...batch,
      first: batch.firstOperation ?? 0,
      last: batch.lastOperation ?? 0,
    })),
  );
  // The state tells of the present incarnation only, the newest stored batch of every one.
  const lastSeen =
    holder?.incarnation === replaces
      ? holder.lastOperation
      : await tx.lastStoredOperation(holder?.name ?? name, replaces);
  // What was rejected had no effect, so its sender must go on keeping it.
  const rejected = rejectedOperations(stored);
  const known = operations.filter(
    ({ op, hash }) => hashes.get(op) === hash.slice(0, 32) && !rejected.has(op),
  );
  const unverifiable = operations.filter(({ op }) => op <= lastSeen && !hashes.has(op));
  return { known: known.map(({ op }) => op), unverifiable: unverifiable.map(({ op }) => op) };
}

function rejectedOperations(stored: readonly StoredBatch[]): ReadonlySet<number> {
  const results = stored.flatMap(
    (batch) => uploadAnswerSchema.parse(JSON.parse(batch.answer)).results,
  );
  const rejected = results.filter(({ status }) => status === 'rejected');
  return new Set(rejected.flatMap(({ op }) => (op === undefined ? [] : [op])));
}

/** The slave that has, or had, an incarnation: a copy may ask under a new name what the original has sent (P15). */
async function holderOf(
  tx: MasterWriteTx,
  state: SlaveState | null,
  incarnation: string,
): Promise<SlaveState | undefined> {
  if (state !== null && holds(state, incarnation)) return state;
  return (await tx.slaves()).find((slave) => holds(slave, incarnation));
}
