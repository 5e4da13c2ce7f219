import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashByOperation,
  judgeSequence,
  type AnsweredBatch,
  type BatchRange,
  type SequenceVerdict,
} from './operation-sequence.ts';

function batch(
  first: number,
  hashes: readonly string[],
  batchId = `${first}x${hashes.length}`,
): BatchRange {
  return {
    batchId,
    first,
    last: first + hashes.length - 1,
    contentHash: hashes.join(),
    recordHashes: hashes,
  };
}

function answered(range: BatchRange): AnsweredBatch {
  return { ...range, answer: `answer to ${range.batchId}` };
}

const stored = answered(batch(1, ['a', 'b', 'c'], 'first'));

describe('judgeSequence', () => {
  it('ONCE2 takes what follows the last operation', () => {
    expect(judgeSequence(3, batch(4, ['d']), [stored])).toEqual({ kind: 'new' });
    expect(judgeSequence(0, batch(1, ['a']), [])).toEqual({ kind: 'new' });
  });

  it('ONCE2 scenario 8: gives the stored answer to the same batch', () => {
    expect(judgeSequence(3, batch(1, ['a', 'b', 'c'], 'first'), [stored])).toEqual({
      kind: 'stored',
      answer: 'answer to first',
    });
  });

  it('ONCE2 B56 refuses a batch id with other content', () => {
    const reused = { kind: 'batch_id_reused' };
    expect(judgeSequence(3, batch(1, ['a', 'b', 'X'], 'first'), [stored])).toEqual(reused);
    expect(judgeSequence(3, batch(4, ['a', 'b', 'c'], 'first'), [stored])).toEqual(reused);
  });

  it('ONCE2 scenario 9: refuses a known operation with other content', () => {
    expect(judgeSequence(3, batch(2, ['b', 'X'], 'second'), [stored])).toEqual({
      kind: 'rewound',
      operation: 3,
    });
  });

  it('ONCE2 scenario 10: refuses a hole and names what it expects', () => {
    expect(judgeSequence(3, batch(5, ['e']), [stored])).toEqual({ kind: 'gap', expected: 4 });
    expect(judgeSequence(0, batch(2, ['b']), [])).toEqual({ kind: 'gap', expected: 1 });
  });

  it('ONCE2 P2 takes only the new part of a batch that overlaps', () => {
    expect(judgeSequence(3, batch(2, ['b', 'c', 'd'], 'second'), [stored])).toEqual({
      kind: 'overlap',
      known: 2,
    });
    expect(judgeSequence(3, batch(2, ['b'], 'second'), [stored])).toEqual({
      kind: 'overlap',
      known: 1,
    });
  });

  it('ONCE2 goes by the number where the content is no longer stored', () => {
    expect(judgeSequence(100, batch(1, ['X', 'Y'], 'old'), [])).toEqual({
      kind: 'overlap',
      known: 2,
    });
  });
});

/** The master's side of a series: applies what is new, refuses the rest. */
function apply(applied: readonly string[], known: readonly AnsweredBatch[], range: BatchRange) {
  const verdict = judgeSequence(applied.length, range, known);
  if (verdict.kind !== 'new' && verdict.kind !== 'overlap') return { applied, known, verdict };
  const from = verdict.kind === 'overlap' ? verdict.known : 0;
  return {
    applied: [...applied, ...range.recordHashes.slice(from)],
    known: [...known, answered(range)],
    verdict,
  };
}

describe('a series of batches', () => {
  const series = Array.from({ length: 12 }, (_, index) => `op${index + 1}`);
  const ranges = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }))
    .map(([first, count]) => batch(first, series.slice(first - 1, first - 1 + count)));

  it('ONCE2 P2 has one effect, however batches are repeated, split, overlapped and reordered', () => {
    fc.assert(
      fc.property(fc.array(ranges, { maxLength: 30 }), (sent) => {
        let applied: readonly string[] = [];
        let known: readonly AnsweredBatch[] = [];
        for (const range of sent) {
          const result = apply(applied, known, range);
          expect(['new', 'overlap', 'stored', 'gap']).toContain(result.verdict.kind);
          ({ applied, known } = result);
        }
        // Every operation at most once, in order, without a hole.
        expect(applied).toEqual(series.slice(0, applied.length));
      }),
    );
  });

  it('ONCE2 P15 an operation with other content is noticed, in whatever batch it comes', () => {
    const wrong = fc.tuple(ranges, fc.nat(4));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), wrong, (count, [range, place]) => {
        const index = place % range.recordHashes.length;
        fc.pre(range.first + index <= count && range.first <= count + 1);
        const hashes = range.recordHashes.with(index, 'forged');
        const forged = batch(range.first, hashes, 'forged batch');
        const all = answered(batch(1, series.slice(0, count), 'all'));
        const verdict: SequenceVerdict = judgeSequence(count, forged, [all]);
        expect(verdict).toEqual({ kind: 'rewound', operation: range.first + index });
      }),
    );
  });
});

describe('hashByOperation', () => {
  it('knows the content of each operation that is stored', () => {
    const second = answered(batch(4, ['d', 'e']));
    expect([...hashByOperation([stored, second])]).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
      [5, 'e'],
    ]);
  });
});
