import { counter } from './counter.ts';
import { greatest } from './greatest.ts';
import { latest } from './latest.ts';
import { least } from './least.ts';
import { manual } from './manual.ts';
import { master } from './master.ts';
import type { PolicyName } from './policy-name.ts';
import type { ConflictPolicy } from './policy.ts';
import { slave } from './slave.ts';

/** Every conflict policy by name: one line for each file of this folder. */
export const conflictPolicies: Readonly<Record<PolicyName, ConflictPolicy>> = {
  latest,
  master,
  slave,
  counter,
  manual,
  greatest,
  least,
};
