import type { TestProject } from 'vitest/node';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

let server: PostgresServer | undefined;

/**
 * Gives the test run one PostgreSQL server: the one that TEST_POSTGRES_URL names (its user must be allowed to make
 * databases), else one of its own. Vitest calls this once, and only when there is a test to run that needs it.
 */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given === undefined) server = await startPostgresServer();
  project.provide('postgresAdminUrl', given ?? server?.url ?? '');
}

/** Stops the server that {@link setup} started. */
export async function teardown(): Promise<void> {
  await server?.stop();
}
