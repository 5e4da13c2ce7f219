/** How fast each name may go. */
export interface BucketRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Most names that are remembered; full buckets are forgotten first, as forgetting them changes nothing. */
const MAX_NAMES = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** One token bucket a name: `burst` requests at once, then `perSecond`. */
export class TokenBuckets {
  readonly #rate: BucketRate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: BucketRate) {
    this.#rate = rate;
  }

  /** Takes one token. @returns 0 when it was there, else the milliseconds until there is one. */
  take(name: string, nowMs: number): number {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#bucket(name, nowMs);
    const gained = (Math.max(nowMs - bucket.filledAtMs, 0) / 1000) * perSecond;
    bucket.tokens = Math.min(bucket.tokens + gained, burst);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000);
    bucket.tokens -= 1;
    return 0;
  }

  #bucket(name: string, nowMs: number): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_NAMES) this.#forget(nowMs);
    const bucket = { tokens: this.#rate.burst, filledAtMs: nowMs };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #forget(nowMs: number): void {
    const fillMs = (this.#rate.burst / this.#rate.perSecond) * 1000;
    for (const [name, bucket] of this.#buckets) {
      if (nowMs - bucket.filledAtMs >= fillMs) this.#buckets.delete(name);
    }
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= MAX_NAMES && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
