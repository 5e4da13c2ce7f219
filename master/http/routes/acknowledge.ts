import { acknowledgeRequestSchema } from '../../../common/protocol/acknowledge.ts';
import { checkEnvelope } from '../check-envelope.ts';
import { readTime } from '../query-time.ts';
import type { SyncRoute } from './route.ts';

/** `POST acknowledge`: how a slave's cycle ended. Repeatable. */
export const acknowledgeRoute: SyncRoute = {
  method: 'POST',
  path: '/acknowledge',
  needsExchange: true,
  answer: async ({ identity, body, useCases }) => {
    const request = checkEnvelope(acknowledgeRequestSchema, await body());
    const timestamp = readTime(request.timestamp, 'timestamp');
    await useCases.recordAcknowledgement(identity, { ...request, timestamp });
    return { kind: 'json', value: { acknowledged: true } };
  },
};
