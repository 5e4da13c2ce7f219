import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { values } from './values.ts';

describe('values, PostgreSQL master', () => runScenarios(values, createPostgresDatabase));
