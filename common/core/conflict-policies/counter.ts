import { latest } from './latest.ts';
import type { ConflictPolicy } from './policy.ts';

/**
 * Changes of a counter add up, so they never conflict. This rule is asked only where there is
 * nothing to add to: two rows made under the same id with different starting values.
 */
export const counter: ConflictPolicy = {
  name: 'counter',
  settleDelete: 'change',
  settle: latest.settle,
};
