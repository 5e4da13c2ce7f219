import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { matrix } from './matrix.ts';

describe('edits that meet, PostgreSQL master', () => runScenarios(matrix, createPostgresDatabase));
