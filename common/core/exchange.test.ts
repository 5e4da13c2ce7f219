import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSignedNonce,
  judgeExchange,
  nextNonce,
  type ExchangeRequest,
  type ExchangeState,
  type ExchangeVerdict,
} from './exchange.ts';

const sign = (text: string): string =>
  `s${[...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 2 ** 31, 7)}`;
const isOurs = (nonce: string): boolean => isSignedNonce(nonce, sign);
const nonce = (count: number, random = 'r'): string =>
  `${count}.${random}.${sign(`${count}.${random}`)}`;

const state: ExchangeState = {
  incarnation: 'one',
  nonce: nonce(5),
  formerNonce: nonce(4),
  exchangeId: 'x5',
};
const judge = (
  request: Partial<ExchangeRequest>,
  known: ExchangeState | null = state,
): ExchangeVerdict =>
  judgeExchange(
    known,
    { incarnation: 'one', nonce: nonce(5), exchangeId: 'x6', ...request },
    isOurs,
  );

describe('judgeExchange', () => {
  it('ID2 accepts the current nonce', () => {
    expect(judge({})).toEqual({ kind: 'advance' });
  });

  it('ID2 repeats the answer to an exchange whose answer was lost', () => {
    expect(judge({ nonce: nonce(4), exchangeId: 'x5' })).toEqual({
      kind: 'repeat',
      nonce: nonce(5),
    });
  });

  it('ID2 P15 refuses a copy, which presents the nonce before under an exchange of its own', () => {
    expect(judge({ nonce: nonce(4), exchangeId: 'copy' })).toEqual({
      kind: 'refuse',
      code: 'slave_rewound',
    });
  });

  it('ID2 P15 refuses an old backup, and one that forgot its nonce', () => {
    const rewound = { kind: 'refuse', code: 'slave_rewound' };
    expect(judge({ nonce: nonce(2), exchangeId: 'x5' })).toEqual(rewound);
    expect(judge({ nonce: null })).toEqual(rewound);
    expect(judge({ nonce: '' })).toEqual(rewound);
  });

  it('ID2 refuses nonces that it did not sign, however far ahead they are', () => {
    for (const forged of ['6.r.x', '99999', 'x', `6.r.${sign('5.r')}`, `1e300.r.${sign('x')}`]) {
      expect(judge({ nonce: forged })).toEqual({ kind: 'refuse', code: 'slave_rewound' });
    }
  });

  it('ID3 P15 refuses another incarnation, whatever it presents', () => {
    const forked = { kind: 'refuse', code: 'slave_forked' };
    expect(judge({ incarnation: 'two' })).toEqual(forked);
    expect(judge({ incarnation: 'two', nonce: null, exchangeId: null })).toEqual(forked);
    expect(judge({ incarnation: 'two', nonce: nonce(9) })).toEqual(forked);
  });

  it('ID1 requests within a cycle only show their incarnation', () => {
    expect(judge({ exchangeId: null, nonce: null })).toEqual({ kind: 'pass' });
    expect(judge({ exchangeId: null, nonce: nonce(1) })).toEqual({ kind: 'pass' });
  });

  it('ID6 a nonce of ours that is ahead proves that this master was restored', () => {
    expect(judge({ nonce: nonce(6) })).toEqual({ kind: 'master_rewound' });
    expect(judge({ nonce: nonce(5, 'other') })).toEqual({ kind: 'master_rewound' });
    expect(judge({ nonce: nonce(1) }, null)).toEqual({ kind: 'master_rewound' });
    expect(judge({ nonce: nonce(1), exchangeId: null }, null)).toEqual({ kind: 'master_rewound' });
  });

  it('ID1 the first exchange begins without a nonce, and can be repeated', () => {
    expect(judge({ nonce: null }, null)).toEqual({ kind: 'advance' });
    expect(judge({ nonce: 'of another master' }, null)).toEqual({ kind: 'advance' });
    expect(judge({ nonce: null, exchangeId: null }, null)).toEqual({ kind: 'pass' });
    const first = { ...state, nonce: nonce(1), formerNonce: '', exchangeId: 'x1' };
    expect(judge({ nonce: null, exchangeId: 'x1' }, first)).toEqual({
      kind: 'repeat',
      nonce: nonce(1),
    });
  });

  it('ID6 never takes a new epoch for a slave that merely is what it should be', () => {
    const requests = fc.record({
      incarnation: fc.constantFrom('one', 'two'),
      nonce: fc.option(
        fc.oneof(
          fc.integer({ min: 0, max: 5 }).map((count) => nonce(count)),
          fc.string(),
        ),
      ),
      exchangeId: fc.option(fc.constantFrom('x5', 'x6')),
    });
    fc.assert(
      fc.property(requests, (request) => {
        expect(judge(request).kind).not.toBe('master_rewound');
      }),
    );
  });
});

/** One copy of a slave's database. */
interface Copy {
  nonce: string | null;
  exchangeId: string | null;
}

describe('a slave that goes through exchanges', () => {
  /** Runs one exchange; whether its answer arrives decides what the copy remembers. */
  function exchange(known: ExchangeState | null, copy: Copy, id: string, arrives: boolean) {
    copy.exchangeId ??= id;
    const verdict = judge({ nonce: copy.nonce, exchangeId: copy.exchangeId }, known);
    if (verdict.kind !== 'advance' && verdict.kind !== 'repeat') return { known, verdict };
    const given =
      verdict.kind === 'repeat' ? verdict.nonce : nextNonce(known?.nonce ?? '', id, sign);
    const next =
      verdict.kind === 'repeat' || known === null
        ? (known ?? {
            incarnation: 'one',
            nonce: given,
            formerNonce: copy.nonce ?? '',
            exchangeId: id,
          })
        : { ...known, nonce: given, formerNonce: copy.nonce ?? '', exchangeId: copy.exchangeId };
    if (arrives) Object.assign(copy, { nonce: given, exchangeId: null });
    return { known: next, verdict };
  }

  it('ID2 P10 is never refused, whichever answers are lost', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (arrivals) => {
        const copy: Copy = { nonce: null, exchangeId: null };
        let known: ExchangeState | null = null;
        for (const [index, arrives] of arrivals.entries()) {
          const result = exchange(known, copy, `id${index}`, arrives);
          expect(['advance', 'repeat']).toContain(result.verdict.kind);
          known = result.known;
        }
      }),
    );
  });

  it('ID2 P15 is told from its copy at the first contact of the second of them', () => {
    const moments = fc.array(fc.boolean(), { maxLength: 6 });
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 4 }), (before, cycles) => {
        const original: Copy = { nonce: null, exchangeId: null };
        let known: ExchangeState | null = null;
        for (const [index, arrives] of before.entries()) {
          known = exchange(known, original, `id${index}`, arrives).known;
        }
        known = exchange(known, original, 'last', true).known;
        const copy = { ...original };
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          known = exchange(known, original, `own${cycle}`, true).known;
        }
        expect(exchange(known, copy, 'of the copy', true).verdict).toEqual({
          kind: 'refuse',
          code: 'slave_rewound',
        });
      }),
    );
  });
});

describe('nonces', () => {
  it('ID2 hold a rising count and a signature', () => {
    const first = nextNonce('', 'abcdefghijklmnopqrstuvwxyz', sign);
    expect(first).toBe(`1.abcdefghijklmnop.${sign('1.abcdefghijklmnop')}`);
    expect(nextNonce(first, 'b', sign).startsWith('2.b.')).toBe(true);
    expect(isOurs(first)).toBe(true);
  });

  it.each(['', '.', 'x', '1.a', '1.a.', `2.a.${sign('1.a')}`, sign('')])(
    '%j is none of ours',
    (text) => {
      expect(isOurs(text)).toBe(false);
    },
  );
});
