import {
  isSignedNonce,
  judgeExchange,
  nextNonce,
  type ExchangeVerdict,
} from '../../common/core/exchange.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import type { MasterWriteTx, SlaveState } from '../../common/storage/master-store.ts';
import type { RequestIdentity, SlaveHeaders } from './identity.ts';
import type { MasterDeps } from './master-deps.ts';

/** A nonce's random part: as many random characters, then as many of the epoch in which it was made. */
const RANDOM_LENGTH = 8;
const TAG_LENGTH = 8;

/**
 * Checks that a slave's request comes from the one true copy of it (rules ID1 to ID3, ID6), before anything else
 * is done. Plain clients pass.
 *
 * @returns the nonce to present next time, null where the request did not ask for one.
 * @throws SyncError `protocol_version`, `slave_forked`, `slave_rewound`, `epoch_changed`.
 */
export async function beginExchange(
  deps: MasterDeps,
  identity: RequestIdentity,
): Promise<{ readonly nonce: string | null }> {
  const { slave, name } = identity;
  if (slave === null) return { nonce: null };
  if (slave.protocol !== PROTOCOL_VERSION) {
    throw new SyncError(
      'protocol_version',
      `the slave speaks protocol ${slave.protocol}, this master ${PROTOCOL_VERSION}`,
      { details: { supported: [PROTOCOL_VERSION] } },
    );
  }
  if (slave.exchangeId === null) return passUnchanged(deps, name, slave);
  const result = await deps.store.write((tx) => advance(deps, tx, name, slave));
  if (result.kind === 'refused') throw result.error;
  return { nonce: result.nonce };
}

async function passUnchanged(
  deps: MasterDeps,
  name: string,
  slave: SlaveHeaders,
): Promise<{ readonly nonce: null }> {
  const state = await deps.store.read((tx) => tx.slave(name));
  if (state !== null && state.incarnation !== slave.incarnation) throw forked(name, state, slave);
  return { nonce: null };
}

type Advanced =
  | { readonly kind: 'passed'; readonly nonce: string | null }
  /** A value and not an exception, because a new epoch must be committed. */
  | { readonly kind: 'refused'; readonly error: SyncError };

async function advance(
  deps: MasterDeps,
  tx: MasterWriteTx,
  name: string,
  slave: SlaveHeaders,
): Promise<Advanced> {
  const secret = await tx.nonceSecret();
  const sign = (text: string): string => deps.sha256(`${secret}/${name}/${text}`).slice(0, 24);
  const state = await tx.lockSlave(name);
  const epoch = await tx.epoch();
  const verdict = judge(state, slave, { epoch, sign });
  const refusal = await refusalOf(deps, tx, { verdict, name, state, slave });
  if (refusal !== undefined) return { kind: 'refused', error: refusal };
  const former = state ?? newSlaveState(name, slave.incarnation, deps.clock.nowIso());
  const contact = {
    ...former,
    lastContactAt: deps.clock.nowIso(),
    protocol: slave.protocol,
    programVersion: slave.program,
  };
  if (verdict.kind !== 'advance') {
    await tx.saveSlave(contact);
    return { kind: 'passed', nonce: verdict.kind === 'repeat' ? verdict.nonce : null };
  }
  const random = deps.randomId().slice(0, RANDOM_LENGTH) + epoch.slice(0, TAG_LENGTH);
  const nonce = nextNonce(former.nonce, random, sign);
  const exchangeId = slave.exchangeId ?? '';
  await tx.saveSlave({ ...contact, nonce, formerNonce: slave.nonce ?? '', exchangeId });
  return { kind: 'passed', nonce };
}

/** What {@link judgeExchange} says, or `epoch_over`: the slave was last here before the present history began. */
type Verdict = ExchangeVerdict | { readonly kind: 'epoch_over' };

/** A nonce names the epoch in which it was made, so that only the present one's can prove that this master lost some. */
function judge(
  state: SlaveState | null,
  slave: SlaveHeaders,
  here: { readonly epoch: string; readonly sign: (text: string) => string },
): Verdict {
  const isOurs = (nonce: string): boolean => isSignedNonce(nonce, here.sign);
  const nonce = slave.nonce ?? '';
  if (isOurs(nonce) && epochTagOf(nonce) !== here.epoch.slice(0, TAG_LENGTH)) {
    return { kind: 'epoch_over' };
  }
  // A nonce of ours with an incarnation we never heard of: it enrolled after this database was copied.
  const known = [state?.incarnation, ...(state?.formerIncarnations ?? [])];
  if (isOurs(nonce) && !known.includes(slave.incarnation)) return { kind: 'master_rewound' };
  return judgeExchange(state, slave, isOurs);
}

function epochTagOf(nonce: string): string {
  return nonce.split('.')[1]?.slice(RANDOM_LENGTH) ?? '';
}

async function refusalOf(
  deps: MasterDeps,
  tx: MasterWriteTx,
  situation: {
    readonly verdict: Verdict;
    readonly name: string;
    readonly state: SlaveState | null;
    readonly slave: SlaveHeaders;
  },
): Promise<SyncError | undefined> {
  const { verdict, name, state, slave } = situation;
  if (verdict.kind === 'epoch_over') {
    return new SyncError(
      'epoch_changed',
      `the master has begun a new history since slave ${name} was here`,
    );
  }
  if (verdict.kind === 'master_rewound') {
    await tx.renewEpoch(deps.randomId());
    deps.log.error('this database is older than a slave remembers it; a new epoch begins', {
      slave: name,
    });
    return new SyncError(
      'epoch_changed',
      'the master was restored from a backup and has begun a new history',
    );
  }
  if (state === null) return await copyUnderNewName(tx, name, slave);
  if (verdict.kind !== 'refuse') return undefined;
  if (verdict.code === 'slave_forked') return forked(name, state, slave);
  deps.log.warn('a slave is older than what it sent before', { slave: name });
  return new SyncError('slave_rewound', `slave ${name} is older than what the master has from it`);
}

/** A database that another slave's name stands for must first become one of its own. */
async function copyUnderNewName(
  tx: MasterWriteTx,
  name: string,
  slave: SlaveHeaders,
): Promise<SyncError | undefined> {
  const holder = (await tx.slaves()).find((other) => holds(other, slave.incarnation));
  if (holder === undefined) return undefined;
  return new SyncError(
    'slave_forked',
    `the database of ${name} is, or is a copy of, the one of slave ${holder.name}`,
  );
}

/** Whether an incarnation is a slave's, or was. */
export function holds(state: SlaveState, incarnation: string): boolean {
  return state.incarnation === incarnation || state.formerIncarnations.includes(incarnation);
}

/** The state of a slave at its first contact. */
export function newSlaveState(name: string, incarnation: string, nowIso: string): SlaveState {
  return {
    name,
    incarnation,
    formerIncarnations: [],
    lastOperation: 0,
    nonce: '',
    exchangeId: '',
    formerNonce: '',
    acknowledgedPosition: 0,
    pending: null,
    lastContactAt: nowIso,
    lastStatus: null,
    lastMessage: null,
    protocol: null,
    programVersion: null,
    clockOffsetMs: null,
    createdAt: nowIso,
  };
}

function forked(name: string, state: SlaveState, slave: SlaveHeaders): SyncError {
  const replaced = state.formerIncarnations.includes(slave.incarnation);
  return new SyncError(
    'slave_forked',
    replaced
      ? `another copy of slave ${name} has taken over its name`
      : `the name ${name} belongs to another database`,
    { details: { replaced } },
  );
}
