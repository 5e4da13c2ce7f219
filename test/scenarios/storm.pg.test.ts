import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { storm } from './storm.ts';

describe('a storm, PostgreSQL master', () => runScenarios(storm, createPostgresDatabase));
