import type { IncomingMessage } from 'node:http';

const LOOPBACK_PEER =
  /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;
const LOOPBACK_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/** Headers that a proxy adds: behind one every peer looks local. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

/**
 * Whether a request was made on this machine. A request that a local proxy passes on is not, nor one that a browser
 * sends under a foreign name that was made to point here (DNS rebinding).
 */
export function isLocalRequest(request: IncomingMessage): boolean {
  const { remoteAddress = '' } = request.socket;
  return (
    LOOPBACK_PEER.test(remoteAddress) &&
    LOOPBACK_HOST.test(request.headers.host ?? '') &&
    PROXY_HEADERS.every((name) => request.headers[name] === undefined)
  );
}
