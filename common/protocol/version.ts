/** Version of everything in this folder; a change of the wire changes it (docs/sync-spec.md, rule WIRE1). */
export const PROTOCOL_VERSION = 1;

/** Path under which a master answers. */
export const API_PATH = '/api/sync';

/** Most records of one upload and of one download page. */
export const MAX_RECORDS = 5000;

/** Default limits in bytes: a request body, one row as JSON. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Default limit in bytes of one row as JSON. */
export const MAX_ROW_BYTES = 1024 * 1024;

/** Request and answer headers, in lower case. */
export const headers = {
  /** Request: protocol version of the slave. Marks a slave; plain clients leave it out. Answer: version of the master. */
  protocol: 'sync-protocol',
  /** Request: random name of the slave's database. */
  incarnation: 'sync-incarnation',
  /** Request: the nonce of the last finished exchange. Answer: the nonce to present next time. */
  nonce: 'sync-nonce',
  /** Request: random name of this exchange, written down before sending. Only on a cycle's first request. */
  exchange: 'sync-exchange',
  /** Request: the slave's name; must agree with the token, names the slave where no token is configured. */
  slave: 'sync-slave',
  /** Request: version of the slave's program. */
  program: 'sync-program',
  /** Answer: the master's epoch; its absence means that something else answered. */
  epoch: 'sync-epoch',
  /** Answer: names the request in the master's log. */
  requestId: 'sync-request-id',
} as const;
