import { SyncError } from '../../common/core/sync-error.ts';

/** Bounds of a {@link LoadGate}. */
export interface LoadBounds {
  readonly maxConcurrent: number;
  readonly maxHeldBytes: number;
}

/** One request's place in a {@link LoadGate}. */
export interface Admission {
  /** Counts bytes that the request keeps in memory. @throws SyncError `protocol_busy` when all together keep too many. */
  readonly hold: (bytes: number) => void;
  /** Gives place and bytes back; a second call changes nothing. */
  readonly leave: () => void;
}

/** After this long a slave may ask again; its own jitter spreads the fleet. */
const RETRY_AFTER_MS = 2000;

/** Bounds how many requests are worked on at one time and how many bytes of them are in memory (promise P12). */
export class LoadGate {
  readonly #bounds: LoadBounds;
  #running = 0;
  #heldBytes = 0;

  constructor(bounds: LoadBounds) {
    this.#bounds = bounds;
  }

  /** @throws SyncError `protocol_busy` when there is no place. */
  enter(): Admission {
    const { maxConcurrent, maxHeldBytes } = this.#bounds;
    if (this.#running >= maxConcurrent) throw busy(`${maxConcurrent} requests are being worked on`);
    this.#running += 1;
    let mine = 0;
    let isInside = true;
    return {
      hold: (bytes) => {
        if (this.#heldBytes + bytes > maxHeldBytes) {
          throw busy(`the bodies being worked on fill ${maxHeldBytes} bytes`);
        }
        this.#heldBytes += bytes;
        mine += bytes;
      },
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#running -= 1;
        this.#heldBytes -= mine;
      },
    };
  }
}

function busy(message: string): SyncError {
  return new SyncError('protocol_busy', message, { retryAfterMs: RETRY_AFTER_MS });
}
