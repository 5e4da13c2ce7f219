import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SlaveFolder } from './processes.ts';

/** Sends one request to a daemon's socket, as any program may. @returns its reply. */
export async function askDaemon(
  slave: SlaveFolder,
  request: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const socket = connect(join(slave.storagePath, 'slave.sock'));
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
    return JSON.parse(line);
  } finally {
    socket.destroy();
  }
}
