import type { HttpServer } from '../../http/http-server.ts';
import type { MasterCommand } from '../command.ts';
import type { OpenedMaster } from '../open-master.ts';

/** Running requests get this long to end after a stop; `docker stop` kills after 10 s. */
const GRACE_MS = 5000;

/** `start`: serves slaves until it is told to stop. */
export const startCommand: MasterCommand = {
  words: 'start',
  summary: 'serve slaves until SIGTERM, SIGINT or SIGHUP; prepares the database first',
  options: [
    { flags: '--host <address>', summary: '127.0.0.1 serves this machine, 0.0.0.0 every network' },
    { flags: '--port <number>', summary: 'port to listen on; 0 takes a free one' },
    { flags: '--log-level <level>', summary: 'error, warn, info or debug' },
  ],
  examples: [
    ['master start', 'on HOST and PORT, by default 127.0.0.1:8080'],
    ['master start --host 0.0.0.0 --port 8080', 'for slaves on other machines; make tokens first'],
    ['master start --port 0 --json', 'prints one line {"url",...} when it is ready'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { serveMaster } = await import('../../compose.ts');
    call.run.ignoreClosedOutput();
    const opened = await openMasterFor(call, { logsToStderr: true });
    const server = await serveMaster(opened.master, opened.loaded.config);
    // Beside the stop below, for when the program ends by an error.
    call.run.lifecycle.onStop('http', () => server.stop(GRACE_MS));
    const needsToken = !(await opened.master.tokens.isEmpty());
    tellReady(opened, server, needsToken);
    const { host, port, url } = readyFacts(opened, server);
    call.output.result({ url, host, port, pid: process.pid, needs_token: needsToken }, () => [
      `master ready on ${url}`,
      ...(needsToken ? [] : [NO_TOKEN]),
    ]);
    await call.run.lifecycle.stopRequested();
    opened.log.info('master stops');
    await server.stop(GRACE_MS);
  },
};

const NO_TOKEN =
  'No token was made yet: only this machine is served. Make one for each slave: master token create NAME';

function tellReady(
  { master, loaded, log }: OpenedMaster,
  server: HttpServer,
  needsToken: boolean,
): void {
  const { host, database } = loaded.config;
  log.info('master ready', {
    url: server.url,
    database: database.dialect,
    tables: master.tables.tables.length,
  });
  if (needsToken) return;
  const isOpen = !/^(?:localhost|127\.|::1$)/.test(host);
  log[isOpen ? 'warn' : 'info'](NO_TOKEN, { host });
}

function readyFacts({ loaded }: OpenedMaster, server: HttpServer) {
  return { host: loaded.config.host, port: server.port, url: server.url };
}
