import { SyncError } from '../../../common/core/sync-error.ts';
import { uploadRequestSchema } from '../../../common/protocol/upload.ts';
import { MAX_RECORDS, PROTOCOL_VERSION } from '../../../common/protocol/version.ts';
import { checkEnvelope } from '../check-envelope.ts';
import type { SyncRoute } from './route.ts';

/** `POST upload`: changes of a slave or a plain client. Records are checked one by one by the use case. */
export const uploadRoute: SyncRoute = {
  method: 'POST',
  path: '/upload',
  needsExchange: true,
  answer: async ({ identity, body, useCases }) => {
    const raw = await body();
    checkCount(raw['records']);
    const request = checkEnvelope(uploadRequestSchema, raw);
    checkProtocol(request.protocol);
    return { kind: 'text', text: await useCases.acceptUpload(identity, request) };
  },
};

function checkCount(records: unknown): void {
  if (!Array.isArray(records) || records.length <= MAX_RECORDS) return;
  throw new SyncError(
    'batch_too_large',
    `the upload holds ${records.length} records, at most ${MAX_RECORDS} are taken at once`,
    { details: { limit: MAX_RECORDS } },
  );
}

function checkProtocol(protocol: number | undefined): void {
  if (protocol === undefined || protocol === PROTOCOL_VERSION) return;
  throw new SyncError(
    'protocol_version',
    `the upload speaks protocol ${protocol}, this master ${PROTOCOL_VERSION}`,
    { details: { supported: [PROTOCOL_VERSION] } },
  );
}
