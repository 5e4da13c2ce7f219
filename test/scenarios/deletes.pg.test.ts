import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { deletes } from './deletes.ts';

describe('deletions, PostgreSQL master', () => runScenarios(deletes, createPostgresDatabase));
