import { defineConfig } from 'vitest/config';

// Read when libuv's pool starts, so it must be in the environment of the test processes before they run:
// several SQLite transactions would otherwise starve each other for the four default threads.
process.env['UV_THREADPOOL_SIZE'] ??= '8';

const jsonReport = process.env['TEST_REPORT'];
const rooms = '{common,master,slave,scripts,test}/**';
const postgresTests = `${rooms}/*.pg.test.ts`;

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: jsonReport === undefined ? ['default'] : ['default', 'json'],
    ...(jsonReport === undefined ? {} : { outputFile: { json: jsonReport } }),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${rooms}/*.test.{ts,tsx}`],
          exclude: [postgresTests, '**/node_modules/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'pg',
          include: [postgresTests],
          exclude: ['**/node_modules/**'],
          globalSetup: ['common/testkit/postgres-global-setup.ts'],
        },
      },
    ],
  },
});
