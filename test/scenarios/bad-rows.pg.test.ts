import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { badRows } from './bad-rows.ts';

describe('bad rows, PostgreSQL master', () => runScenarios(badRows, createPostgresDatabase));
