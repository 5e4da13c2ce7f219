import { safeText } from '../../../common/core/safe-text.ts';
import { SyncError } from '../../../common/core/sync-error.ts';
import { headers, PROTOCOL_VERSION } from '../../../common/protocol/version.ts';
import type { SlaveHeaders } from '../../sync/identity.ts';
import type { SyncContext, SyncMiddleware } from '../request-state.ts';

const ID = /^[A-Za-z0-9._:-]{1,64}$/;
const MAX_PROGRAM_LENGTH = 64;

/**
 * Reads what a slave says of itself; without `Sync-Protocol` the request is a plain client's (rule WIRE3).
 *
 * @throws SyncError `protocol_version` (rule WIRE1), `protocol_invalid_request` for malformed headers.
 */
export function readSlaveHeaders(): SyncMiddleware {
  return async (ctx, next) => {
    const name = ctx.state.name ?? '';
    const slave = slaveHeaders(ctx);
    if (slave !== null && name === '') {
      throw new SyncError(
        'protocol_invalid_request',
        `a slave without a token needs the header ${headers.slave}: 1 to 64 letters, digits, dots, underscores, hyphens`,
      );
    }
    ctx.state.identity = { name, slave };
    await next();
  };
}

function slaveHeaders(ctx: SyncContext): SlaveHeaders | null {
  const protocol = ctx.get(headers.protocol);
  if (protocol === '') return null;
  if (protocol !== String(PROTOCOL_VERSION)) throw otherProtocol(protocol);
  return {
    protocol: PROTOCOL_VERSION,
    incarnation: idHeader(ctx, headers.incarnation) ?? missing(headers.incarnation),
    nonce: idHeader(ctx, headers.nonce),
    exchangeId: idHeader(ctx, headers.exchange),
    program: safeText(ctx.get(headers.program)).slice(0, MAX_PROGRAM_LENGTH) || null,
  };
}

function idHeader(ctx: SyncContext, name: string): string | null {
  const value = ctx.get(name);
  if (value === '') return null;
  if (ID.test(value)) return value;
  throw new SyncError(
    'protocol_invalid_request',
    `the header ${name} must be 1 to 64 letters, digits, dots, colons, underscores or hyphens`,
  );
}

function missing(name: string): never {
  throw new SyncError('protocol_invalid_request', `a slave's request needs the header ${name}`);
}

function otherProtocol(protocol: string): SyncError {
  return new SyncError(
    'protocol_version',
    `the slave speaks protocol ${protocol.slice(0, 16)}, this master ${PROTOCOL_VERSION}`,
    { details: { supported: [PROTOCOL_VERSION] } },
  );
}
