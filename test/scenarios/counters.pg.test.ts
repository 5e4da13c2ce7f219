import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { counters } from './counters.ts';

describe('stock, PostgreSQL master', () => runScenarios(counters, createPostgresDatabase));
