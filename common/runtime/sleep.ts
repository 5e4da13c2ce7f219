/** Longest wait that one timer of Node takes; more would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Waits `durationMs` milliseconds of running time; wall clock jumps do not matter.
 *
 * Rejects with the signal's reason as soon as `signal` is aborted, and leaves no timer and no listener behind.
 */
export async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  let leftMs = Math.max(0, durationMs);
  do {
    const stepMs = Math.min(leftMs, longestTimerMs);
    await sleepOnce(stepMs, signal);
    leftMs -= stepMs;
  } while (leftMs > 0);
}

/**
 * Waits until `work` settles, at most `limitMs` milliseconds.
 *
 * @returns whether it settled in time; a rejection of `work` in time is passed on, a later one is dropped.
 */
export async function settlesWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(limitMs, timer.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer.abort();
    // A loser that rejects later has nobody left to hear it.
    work.catch(() => undefined);
  }
}

function sleepOnce(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', fail);
      resolve();
    }, durationMs);
    if (signal?.aborted === true) fail();
    else signal?.addEventListener('abort', fail, { once: true });
  });
}
