import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { identity } from './identity.ts';

describe('copies and backups, PostgreSQL master', () =>
  runScenarios(identity, createPostgresDatabase));
