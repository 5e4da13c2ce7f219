import type { SlaveControl } from './control.ts';
import { RemoteControl } from './remote-control.ts';

/** A daemon that does not answer a ping in this time is stopped or gone; its locks still count. */
const PING_MS = 2000;

/** The running daemon's control, or nothing where none runs. */
export async function attachToDaemon(socketPath: string): Promise<RemoteControl | undefined> {
  return await RemoteControl.attach(socketPath, PING_MS);
}

/** The running daemon's control, else one that works in this process; `openLocal` is called only then. */
export async function connectControl(
  socketPath: string,
  openLocal: () => Promise<SlaveControl>,
): Promise<SlaveControl> {
  return (await attachToDaemon(socketPath)) ?? (await openLocal());
}
