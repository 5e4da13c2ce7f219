import { describe } from 'vitest';
import { createPostgresDatabase } from '../../common/testkit/postgres.ts';
import { runScenarios } from '../harness/fleet.ts';
import { pages } from './pages.ts';

describe('pages, PostgreSQL master', () => runScenarios(pages, createPostgresDatabase));
