import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A record as it came with an upload. */
export interface ReceivedRecord {
  readonly table: string;
  readonly id: string;
  readonly action: string;
  readonly op: number;
}

/** A master that takes everything, or what the test lets it take; speaks just enough of the protocol. */
export class FakeMaster {
  readonly uploads: ReceivedRecord[][] = [];
  requests = 0;
  /** Set to answer every request with a problem. */
  problem: {
    readonly status: number;
    readonly code: string;
    readonly retryAfterMs?: number;
  } | null = null;
  /** Set to reject records by this code. */
  rejectWith: string | null = null;
  /** Awaited before an upload is answered. */
  gate: Promise<unknown> = Promise.resolve();
  #position = 0;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Starts to listen and returns the address. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Closes all connections. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const text =
      request.headers['content-encoding'] === 'gzip'
        ? gunzipSync(bytes).toString()
        : bytes.toString();
    const head = {
      'sync-epoch': 'epoch-1',
      ...(request.headers['sync-exchange'] === undefined
        ? {}
        : { 'sync-nonce': `nonce-${this.requests}` }),
    };
    if (this.problem !== null) {
      const { status, code, ...more } = this.problem;
      response.writeHead(status, { ...head, 'content-type': 'application/problem+json' });
      const problem = {
        type: `urn:sync:error:${code}`,
        title: code,
        status,
        detail: `the master says ${code}`,
        code,
        requestId: 'r',
        retryable: false,
        ...more,
      };
      response.end(JSON.stringify(problem));
      return;
    }
    const body = await this.#body(new URL(request.url ?? '/', 'http://x').pathname, text);
    response.writeHead(200, { ...head, 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  async #body(path: string, text: string): Promise<object> {
    if (path.endsWith('/upload'))
      return await this.#upload(
        JSON.parse(text) as { batch_id: string; records: ReceivedRecord[] },
      );
    if (path.endsWith('/acknowledge')) return { acknowledged: true };
    const timestamp = new Date().toISOString();
    return {
      records: [],
      cursor: `epoch-1.${this.#position}`,
      has_more: false,
      timestamp,
      position: this.#position,
    };
  }

  async #upload({
    batch_id,
    records,
  }: {
    batch_id: string;
    records: ReceivedRecord[];
  }): Promise<object> {
    await this.gate;
    this.uploads.push(records);
    const code = this.rejectWith;
    const results = records.map(({ table, id, op }) => {
      if (code !== null)
        return {
          table,
          id,
          op,
          status: 'rejected',
          version: null,
          error: { code, detail: `not taken: ${code}` },
        };
      this.#position += 1;
      return { table, id, op, status: 'applied', version: this.#position };
    });
    const rejected = code === null ? 0 : records.length;
    const timestamp = new Date().toISOString();
    return {
      batch_id,
      accepted: records.length - rejected,
      rejected,
      conflicts: 0,
      results,
      timestamp,
    };
  }
}
