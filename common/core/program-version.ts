/** Version of master and slave, as they tell each other and people; the same as in package.json. */
export const PROGRAM_VERSION = '0.1.0';
