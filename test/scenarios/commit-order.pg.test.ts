import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { commitOrder } from './commit-order.ts';

describe('commit order, PostgreSQL master', () =>
  runScenarios(commitOrder, createPostgresDatabase));
