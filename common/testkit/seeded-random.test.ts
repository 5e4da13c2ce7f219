import { describe, expect, it } from 'vitest';
import { createSeededRandom } from './seeded-random.ts';

const series = (seed: number, length: number): number[] => {
  const random = createSeededRandom(seed);
  return Array.from({ length }, () => random.next());
};

describe('createSeededRandom', () => {
  it('repeats a series for the same seed and gives another for another seed', () => {
    expect(series(7, 20)).toEqual(series(7, 20));
    expect(series(7, 20)).not.toEqual(series(8, 20));
  });

  it('is mulberry32 as published', () => {
    expect(series(0, 3).map((value) => value * 2 ** 32)).toEqual([1144304738, 1416247, 958946056]);
  });

  it('stays within 0 and 1, and spreads', () => {
    const values = series(42, 10_000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 1);
  });

  it('draws whole numbers from both ends of a range', () => {
    const random = createSeededRandom(3);
    const drawn = new Set(Array.from({ length: 200 }, () => random.integer(2, 5)));
    expect(drawn).toEqual(new Set([2, 3, 4, 5]));
  });

  it('shuffles without touching the original, and picks what is there', () => {
    const random = createSeededRandom(5);
    const items = ['a', 'b', 'c', 'd', 'e'];
    expect(random.shuffle(items).toSorted()).toEqual(items);
    expect(items).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(items).toContain(random.pick(items));
    expect(() => random.pick([])).toThrow('empty list');
  });

  it('never hits with probability 0 and always with 1', () => {
    const random = createSeededRandom(9);
    expect(Array.from({ length: 100 }, () => random.chance(0))).not.toContain(true);
    expect(Array.from({ length: 100 }, () => random.chance(1))).not.toContain(false);
  });
});
