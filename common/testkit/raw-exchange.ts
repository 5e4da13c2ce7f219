import { once } from 'node:events';
import { STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { ProxiedRequest } from './fault.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'expect',
  'upgrade',
]);

/**
 * Connects to the target and sends one whole request, asking for the connection to be closed after the answer.
 *
 * @throws Error when nothing listens at the target.
 */
export async function sendRequest(target: URL, request: ProxiedRequest): Promise<Socket> {
  const socket = connect({ host: target.hostname, port: Number(target.port || 80) });
  await once(socket, 'connect');
  socket.write(requestHead(target, request));
  socket.write(request.body);
  return socket;
}

/**
 * Reads to the end of the connection: the answer, byte by byte as it was sent. Where the target breaks the connection
 * off (it answered 413 before the body had arrived), that is what came until then.
 */
export async function readAnswer(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    socket.destroy();
  }
  return Buffer.concat(chunks);
}

/** The status in an answer's first line; null when there is none. */
export function statusOf(answer: Buffer): number | null {
  const match = /^HTTP\/1\.\d (\d{3})/.exec(answer.toString('latin1', 0, 16));
  return match === null ? null : Number(match[1]);
}

/** An answer made from its parts, as bytes. */
export function composeAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Buffer {
  const all = { 'content-length': `${body.length}`, ...headers, connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

function requestHead(target: URL, request: ProxiedRequest): string {
  const lines = Object.entries(request.headers)
    .filter(([name, value]) => value !== undefined && name !== 'host' && !HOP_BY_HOP.has(name))
    .flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}\r\n`));
  const length =
    request.body.length > 0 || request.method !== 'GET'
      ? `content-length: ${request.body.length}\r\n`
      : '';
  const fixed = `host: ${target.host}\r\nconnection: close\r\n${length}`;
  return `${request.method} ${request.url} HTTP/1.1\r\n${fixed}${lines.join('')}\r\n`;
}
