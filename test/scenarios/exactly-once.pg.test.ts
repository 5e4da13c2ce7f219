import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { exactlyOnce } from './exactly-once.ts';

describe('repetitions, PostgreSQL master', () => runScenarios(exactlyOnce, createPostgresDatabase));
