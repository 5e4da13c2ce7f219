import type { MasterClient } from './master-client.ts';

/**
 * A client that is made when it is first used: commands that never ask the master need neither its address nor
 * the HTTP library. What `open` throws is thrown by each call.
 */
export function createLazyMasterClient(open: () => Promise<MasterClient>): MasterClient {
  let opened: Promise<MasterClient> | undefined;
  const client = async (): Promise<MasterClient> => {
    opened ??= open();
    return await opened;
  };
  return {
    upload: async (upload, identity, signal) =>
      await (await client()).upload(upload, identity, signal),
    download: async (query, identity, signal) =>
      await (await client()).download(query, identity, signal),
    acknowledge: async (request, identity, signal) =>
      await (await client()).acknowledge(request, identity, signal),
    enroll: async (request, identity, signal) =>
      await (await client()).enroll(request, identity, signal),
    digest: async (identity, signal) => await (await client()).digest(identity, signal),
    digestRows: async (table, after, identity, signal) =>
      await (await client()).digestRows(table, after, identity, signal),
    ready: async (signal) => await (await client()).ready(signal),
    close: () => {
      opened?.then((made) => made.close()).catch(() => undefined); // one that could not be made has nothing to close
    },
  };
}
