/** The next smaller size of a request: half, at least one record (rule SIZE1). */
export function halved(size: number): number {
  return Math.max(1, Math.floor(size / 2));
}

/** The next larger size of a request: half as much again, at most `most` (rule SIZE1). */
export function grown(size: number, most: number): number {
  return Math.max(1, Math.min(most, size + Math.max(1, Math.floor(size / 2))));
}
