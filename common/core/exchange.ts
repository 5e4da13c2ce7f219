/** What the master remembers of a slave's last exchange. */
export interface ExchangeState {
  readonly incarnation: string;
  readonly nonce: string;
  readonly formerNonce: string;
  readonly exchangeId: string;
}

/** What a slave presents (rule ID1). */
export interface ExchangeRequest {
  readonly incarnation: string;
  readonly nonce: string | null;
  /** Only on a cycle's first request. */
  readonly exchangeId: string | null;
}

/** What to do with an exchange (rules ID2, ID3, ID6). */
export type ExchangeVerdict =
  | { readonly kind: 'pass' }
  /** Answer with a new nonce and remember it. */
  | { readonly kind: 'advance' }
  /** The answer to this very exchange was lost: give the same nonce again. */
  | { readonly kind: 'repeat'; readonly nonce: string }
  | { readonly kind: 'refuse'; readonly code: 'slave_forked' | 'slave_rewound' }
  /** The slave proves that this master lost part of its history. */
  | { readonly kind: 'master_rewound' };

/**
 * Judges whether a request comes from the one true copy of a slave.
 *
 * @param isOurs whether a nonce carries this master's signature.
 */
export function judgeExchange(
  state: ExchangeState | null,
  request: ExchangeRequest,
  isOurs: (nonce: string) => boolean,
): ExchangeVerdict {
  const presented = request.nonce ?? '';
  if (state === null) {
    if (presented !== '' && isOurs(presented)) return { kind: 'master_rewound' };
    return request.exchangeId === null ? { kind: 'pass' } : { kind: 'advance' };
  }
  if (request.incarnation !== state.incarnation) return { kind: 'refuse', code: 'slave_forked' };
  if (request.exchangeId === null) return { kind: 'pass' };
  if (presented === state.nonce) return { kind: 'advance' };
  return judgeOtherNonce(state, presented, request.exchangeId, isOurs);
}

function judgeOtherNonce(
  state: ExchangeState,
  presented: string,
  exchangeId: string,
  isOurs: (nonce: string) => boolean,
): ExchangeVerdict {
  if (exchangeId === state.exchangeId && presented === state.formerNonce) {
    return { kind: 'repeat', nonce: state.nonce };
  }
  // Two nonces of the same count: this master went on from an older state than the slave saw.
  if (isOurs(presented) && countOf(presented) >= countOf(state.nonce)) {
    return { kind: 'master_rewound' };
  }
  return { kind: 'refuse', code: 'slave_rewound' };
}

/** The nonce after `former`: count, randomness and signature. */
export function nextNonce(former: string, random: string, sign: (text: string) => string): string {
  const body = `${countOf(former) + 1}.${random.slice(0, 16)}`;
  return `${body}.${sign(body)}`;
}

/** Whether a nonce is one that `sign` made. */
export function isSignedNonce(nonce: string, sign: (text: string) => string): boolean {
  const cut = nonce.lastIndexOf('.');
  return cut > 0 && sign(nonce.slice(0, cut)) === nonce.slice(cut + 1);
}

function countOf(nonce: string): number {
  const count = Number(nonce.split('.', 1)[0]);
  return Number.isSafeInteger(count) ? count : 0;
}
