import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption, settingOptions } from '../options.ts';
import { loadConfig } from '../session.ts';

/** `start`: the daemon. */
export const startCommand: CliCommand = {
  path: ['start'],
  summary: 'run the daemon: sync by schedule until stopped',
  description: [
    'Syncs at once and then every SYNC_INTERVAL minutes, answers the other commands on a socket under STORAGE_PATH,',
    'and keeps app/sync_status.json true. Prepares the database where that is needed. Ctrl-C or SIGTERM stops it.',
  ].join('\n'),
  options: [
    settingOptions.MASTER_URL,
    settingOptions.SYNC_INTERVAL,
    settingOptions.SYNC_BATCH_SIZE,
    settingOptions.SYNC_TIMEOUT,
    settingOptions.SYNC_INSECURE_HTTP,
    settingOptions.LOG_LEVEL,
    jsonOption,
  ],
  examples: [
    'slave start',
    'slave start --interval=1 --log-level=debug',
    'SYNC_ENABLED=false slave start',
    'slave start --json',
  ],
  run: async (context, input) => {
    const loaded = await loadConfig(context, input);
    const { startDaemon } = await import('../../compose.ts');
    const { socketPath, databaseFile } = loaded.config;
    await startDaemon(loaded, context.run, () => {
      if (hasFlag(input, 'json'))
        context.output.json({ pid: process.pid, socket: socketPath, database: databaseFile });
    });
  },
};
