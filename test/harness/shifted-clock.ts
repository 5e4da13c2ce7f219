/**
 * Loaded with `--import` before a program: its wall clock is off by as many milliseconds as the file named by
 * CLOCK_SHIFT_FILE says, and jumps whenever that file is rewritten. The monotonic clock stays true, as on a machine
 * whose clock is set.
 */
import { readFileSync } from 'node:fs';

const file = process.env['CLOCK_SHIFT_FILE'] ?? '';
const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);

function now(): number {
  try {
    return realNow() + Number(readFileSync(file, 'utf8'));
  } catch {
    return realNow();
  }
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: ConstructorParameters<typeof Date>, newTarget) =>
    Reflect.construct(target, (args as unknown[]).length === 0 ? [now()] : args, newTarget) as Date,
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
});
