import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { localWork } from './local-work.ts';

describe('local work, PostgreSQL master', () => runScenarios(localWork, createPostgresDatabase));
