import { canonicalRecordText } from '../../common/core/record-hash.ts';
import type { EnrollRequest } from '../../common/protocol/enroll.ts';
import type {
  OutboxEntry,
  SlaveSyncState,
  SlaveWriteTx,
} from '../../common/storage/slave-store.ts';
import type { AnswerMeta } from '../transport/master-client.ts';
import { buildRecord } from './build-record.ts';
import { findLostChanges } from './find-lost-changes.ts';
import { loadLocalWork } from './local-work.ts';
import { forgetDownloads, resyncState } from './resync-state.ts';
import { setAside } from './set-aside.ts';
import type { SlaveDeps } from './slave-deps.ts';

/** Operations of one request; a hash and a number each, so that a request stays far below the size limit. */
const MAX_OPERATIONS = 5_000;

/** Most bytes of row images held at once while hashing. */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

/** What became of unsent operations. */
export interface EnrollOutcome {
  readonly alreadyAtMaster: number;
  readonly setAside: number;
  readonly sentAgain: number;
}

/** The master's verdict on the operations that were asked about. */
interface Verdict {
  readonly known: Set<number>;
  readonly unverifiable: Set<number>;
  /** Places of sent changes that the master has lost. */
  readonly lost: readonly number[];
  meta: AnswerMeta | null;
}

/**
 * Takes the slave's name with a new incarnation (rule ID4). Unsent operations that the master has already are
 * dropped, those of which it cannot tell are set aside, the rest is numbered anew. What a restored master had taken and
 * lost is sent again (rule ID7). The new incarnation is written down before it is sent, so a repetition asks for the
 * same one.
 *
 * @throws SyncError what the master says; nothing but the written incarnation has changed then.
 */
export async function enrollAnew(deps: SlaveDeps, signal: AbortSignal): Promise<EnrollOutcome> {
  const incarnation = await deps.store.write(async (tx) => {
    const wanted = (await tx.state()).pendingIncarnation ?? deps.randomId();
    await tx.patchState({ pendingIncarnation: wanted });
    return wanted;
  });
  const { trouble } = await deps.store.read((tx) => tx.state());
  const lost = trouble === 'epoch_changed' ? await findLostChanges(deps, incarnation, signal) : [];
  const verdict: Verdict = { known: new Set(), unverifiable: new Set(), lost, meta: null };
  let after = 0;
  for (;;) {
    const chunk = await deps.store.read((tx) => tx.outbox(after, MAX_OPERATIONS, MAX_CHUNK_BYTES));
    after = chunk.at(-1)?.operation ?? after;
    const isFinal = await deps.store.read(
      async (tx) => (await tx.outbox(after, 1, 1)).length === 0,
    );
    await askAbout(deps, { incarnation, chunk, isFinal, verdict }, signal);
    if (isFinal) break;
  }
  return deps.store.write((tx) => begin(tx, deps, incarnation, verdict));
}

async function askAbout(
  deps: SlaveDeps,
  ask: {
    readonly incarnation: string;
    readonly chunk: readonly OutboxEntry[];
    readonly isFinal: boolean;
    readonly verdict: Verdict;
  },
  signal: AbortSignal,
): Promise<void> {
  const { incarnation, chunk, isFinal, verdict } = ask;
  const state = await deps.store.read((tx) => tx.state());
  const operations = chunk.filter(isSendable).map((entry) => ({
    op: entry.operation,
    hash: deps.sha256(canonicalRecordText(buildRecord(entry))),
  }));
  const request: EnrollRequest = {
    incarnation,
    replaces: state.incarnation,
    operations,
    final: isFinal,
  };
  const answer = await deps.client.enroll(
    request,
    { incarnation, nonce: null, exchangeId: null },
    signal,
  );
  const asked = new Set(operations.map(({ op }) => op));
  for (const op of answer.body.known) if (asked.has(op)) verdict.known.add(op);
  for (const op of answer.body.unverifiable)
    if (asked.has(op) && !verdict.known.has(op)) verdict.unverifiable.add(op);
  verdict.meta = answer.meta;
}

/** What could not be carried exactly was never sent. */
function isSendable(entry: OutboxEntry): boolean {
  return !entry.isVoid && (entry.action === 'delete' || entry.after.ok);
}

/** Begins the new incarnation in one transaction; the next sync loads everything again. */
async function begin(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  incarnation: string,
  verdict: Verdict,
): Promise<EnrollOutcome> {
  const state = await tx.state();
  const epoch = verdict.meta?.epoch ?? state.epoch;
  const isNewEpoch = state.epoch !== null && epoch !== state.epoch;
  await tx.saveBatch(null);
  await setAsideUnverifiable(tx, deps, verdict.unverifiable);
  await tx.dropEntries([...verdict.known, ...verdict.unverifiable]);
  await tx.resend(verdict.lost);
  // Another copy of this database may have sent them too, and only one may ever send them again.
  if (state.trouble === 'slave_forked' || state.trouble === 'slave_rewound') await tx.forgetSent();
  await tx.renumberOutbox();
  await forgetDownloads(tx);
  // Whole rows come again, so no version has to be skipped; another epoch's versions would mean nothing.
  await tx.forgetAcknowledged(Number.MAX_SAFE_INTEGER);
  if (isNewEpoch) await tx.rebaseOutbox(0);
  await tx.patchState({
    ...resyncState(deps, isNewEpoch),
    ...identityState(state, incarnation, verdict),
    epoch,
    position: isNewEpoch ? 0 : state.position,
  });
  await tx.pruneShadows();
  return {
    alreadyAtMaster: verdict.known.size,
    setAside: verdict.unverifiable.size,
    sentAgain: verdict.lost.length,
  };
}

function identityState(
  state: SlaveSyncState,
  incarnation: string,
  verdict: Verdict,
): Partial<SlaveSyncState> {
  return {
    incarnation,
    pendingIncarnation: null,
    nonce: verdict.meta?.nonce ?? null,
    exchangeId: null,
    progressCounter: state.progressCounter + 1,
  };
}

async function setAsideUnverifiable(
  tx: SlaveWriteTx,
  deps: SlaveDeps,
  operations: ReadonlySet<number>,
): Promise<void> {
  if (operations.size === 0) return;
  const reason = {
    code: 'row_unverifiable',
    detail: 'the master has used this operation number and forgotten for what',
  } as const;
  const numbers = [...operations].toSorted((a, b) => a - b);
  for (const operation of numbers) {
    const [entry] = await tx.outbox(operation - 1, 1, Number.MAX_SAFE_INTEGER);
    if (entry?.operation !== operation || entry.isVoid) continue;
    const work = (await loadLocalWork(tx, entry.table, [entry.id])).get(entry.id);
    if (work !== undefined) await setAside(tx, work, [{ entry, reason }], deps.clock.nowIso());
  }
}
