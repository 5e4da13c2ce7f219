import { SyncError } from '../../../common/core/sync-error.ts';
import { enrollRequestSchema } from '../../../common/protocol/enroll.ts';
import { headers } from '../../../common/protocol/version.ts';
import { checkEnvelope } from '../check-envelope.ts';
import type { SyncRoute } from './route.ts';

/** `POST enroll`: a slave takes its name with a new incarnation (rule ID4). */
export const enrollRoute: SyncRoute = {
  method: 'POST',
  path: '/enroll',
  needsExchange: false,
  answer: async ({ identity, body, useCases }) => {
    if (identity.slave === null) {
      throw new SyncError(
        'protocol_invalid_request',
        `only slaves enroll; the header ${headers.protocol} is missing`,
      );
    }
    const request = checkEnvelope(enrollRequestSchema, await body());
    return { kind: 'json', value: await useCases.enrollSlave(identity, request) };
  },
};
