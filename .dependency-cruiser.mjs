/**
 * Which way imports point. Each room of the tree lists what it may import; the rest is forbidden.
 * `rooms` are path prefixes (or whole files) of this repository, `packages` npm packages, `node` the `node:*` modules.
 */
const core = '^common/core/';
const protocol = '^common/protocol/';
const tables = '^common/tables/';
const ports = '^common/storage/[^/]+\\.ts$';
const runtime = '^common/runtime/';
const commonCli = '^common/cli/';
const masterClient = '^slave/transport/master-client\\.ts$';

const rooms = [
  { room: core },
  { room: protocol, rooms: [core], packages: ['zod'] },
  { room: tables, rooms: [core] },
  { room: ports, rooms: [core] },
  { room: '^common/storage/memory/', rooms: [core, ports, tables] },
  {
    room: '^common/storage/sequelize/',
    rooms: [core, ports, tables],
    packages: ['sequelize', 'pg', 'sqlite3'],
    node: true,
  },
  { room: commonCli, rooms: [core] },
  { room: runtime, rooms: [core], packages: ['zod', 'winston', 'dotenv', 'uuid'], node: true },
  { room: '^master/sync/', rooms: [core, protocol, tables, ports] },
  {
    room: '^master/http/',
    rooms: ['^master/sync/', core, protocol, ports, runtime],
    packages: ['koa', '@koa/router', 'zod'],
    node: true,
  },
  {
    room: '^master/jobs/',
    rooms: ['^master/sync/', core, ports, runtime],
    packages: ['node-schedule'],
  },
  { room: '^slave/sync/', rooms: [core, protocol, tables, ports, masterClient] },
  {
    room: '^slave/transport/',
    rooms: [core, protocol, runtime],
    packages: ['axios', 'zod'],
    node: true,
  },
  {
    room: '^slave/daemon/',
    rooms: ['^slave/sync/', '^slave/control/', core, ports, runtime],
    // sqlite3 bare, for the lock and for watching commits; rows go through the store.
    packages: ['node-schedule', 'sqlite3'],
    node: true,
  },
  {
    room: '^slave/cli/',
    rooms: [
      '^slave/control/',
      '^slave/(compose|config)\\.ts$',
      '^slave/tui/',
      core,
      commonCli,
      runtime,
    ],
    packages: ['commander'],
    node: true,
  },
  { room: '^slave/tui/', rooms: ['^slave/control/', core], packages: ['ink', 'react'] },
];

/** Tests, contract suites, and what only they use: a folder `testkit`, or a file `x.testkit.ts`. */
const testFile = '(\\.(test|contract|testkit)\\.tsx?$|/testkit/)';

const packagePattern = (name) =>
  `(^|/)node_modules/(@types/)?${name.replace('@koa/', '(@koa/|koa__)')}/`;

function roomRule({ room, rooms: others = [], packages = [], node = false }) {
  return {
    name: `imports of ${room.replaceAll(/[\^\\$]/g, '')}`,
    comment: 'This room may not import that; see docs/architecture.md.',
    severity: 'error',
    from: { path: room, pathNot: testFile },
    to: {
      pathNot: [room, ...others, ...packages.map(packagePattern)],
      ...(node ? { dependencyTypesNot: ['core'] } : {}),
    },
  };
}

const generalRules = [
  {
    name: 'no-cycles',
    comment: 'Modules that import each other cannot be understood or tested alone.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'master-knows-no-slave',
    severity: 'error',
    from: { path: '^master/' },
    to: { path: '^slave/' },
  },
  {
    name: 'slave-knows-no-master',
    severity: 'error',
    from: { path: '^slave/' },
    to: { path: '^master/' },
  },
  {
    name: 'common-knows-no-program',
    severity: 'error',
    from: { path: '^common/', pathNot: testFile },
    to: { path: '^(master|slave|scripts|test)/' },
  },
  {
    name: 'production-imports-no-tests',
    comment:
      'Tests, contracts and the testkit serve tests, test/, the demo and the benchmarks only.',
    severity: 'error',
    from: {
      pathNot: [testFile, '^test/', '^scripts/', '^common/storage/contract/'],
    },
    to: { path: [testFile, '^test/', '^common/storage/contract/'] },
  },
  {
    name: 'only-demo-and-bench-use-the-testkit',
    severity: 'error',
    from: { path: '^scripts/', pathNot: [testFile, '^scripts/(demo|bench)/'] },
    to: { path: '^common/testkit/' },
  },
  {
    name: 'resolvable',
    comment: 'The imported module does not exist.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

export default {
  forbidden: [...rooms.map(roomRule), ...generalRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
