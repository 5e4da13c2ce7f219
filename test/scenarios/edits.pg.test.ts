import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { edits } from './edits.ts';

describe('everyday edits, PostgreSQL master', () => runScenarios(edits, createPostgresDatabase));
