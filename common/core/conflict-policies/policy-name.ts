/** Names of the conflict policies; each has its file in this folder and its line in `registry.ts`. */
export type PolicyName =
  | 'latest'
  | 'master'
  | 'slave'
  | 'counter'
  | 'manual'
  | 'greatest'
  | 'least';
