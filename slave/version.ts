/** Version of the slave's program, as it tells the master and people; the same as in package.json. */
export const PROGRAM_VERSION = '0.1.0';
