import fc from 'fast-check';
import { expect, it } from 'vitest';
import { grown, halved } from './adaptive-size.ts';

it('SIZE1 halves down to one record', () => {
  expect([5000, 3, 2, 1].map(halved)).toEqual([2500, 1, 1, 1]);
});

it('SIZE1 grows by half, at least by one, up to the most', () => {
  expect([1, 2, 100, 4000].map((size) => grown(size, 5000))).toEqual([2, 3, 150, 5000]);
});

it('SIZE1 comes back to any size it has left', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (size) => {
      let now = halved(size);
      for (let tries = 0; tries < 4 && now < size; tries += 1) now = grown(now, size);
      expect(now).toBe(size);
    }),
  );
});
