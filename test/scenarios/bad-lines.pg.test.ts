import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { badLines } from './bad-lines.ts';

describe('bad lines, PostgreSQL master', () => runScenarios(badLines, createPostgresDatabase));
