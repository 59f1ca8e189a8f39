/** Who may import whom: docs/architecture.md has the same table for people. */

/**
 * Folder -> what it may import of `src/`, besides itself. Single files are named whole.
 * `core` stands for its two entrances, `core/index.ts` and `core/ring/index.ts`.
 */
const MAY_IMPORT = {
  core: [],
  platform: [],
  config: [],
  client: ['core/ring'],
  store: ['core', 'platform'],
  view: ['core', 'platform', 'store/store.ts'],
  registry: ['core', 'platform', 'store/store.ts', 'view'],
  runtime: ['core', 'platform', 'registry'],
  http: ['core', 'platform'],
  protocols: ['core', 'platform', 'registry', 'http'],
  cli: ['client'],
  'main.ts': ['server.ts', 'workers.ts', 'config', 'platform', 'cli'],
  'workers.ts': ['platform'],
};

/** Package -> the only place that may import it. */
const PACKAGES = {
  'classic-level': '^src/store/embedded/',
  commander: '^src/(cli/|main\\.ts$)',
  express: '^src/http/',
  'fast-xml-parser': '^src/protocols/eureka/',
  ioredis: '^src/store/redis/',
  'node-cron': '^src/runtime/housekeeping',
  pino: '^src/platform/',
  'prom-client': '^src/platform/',
  re2js: '^src/platform/',
  'swagger-ui-express': '^src/http/',
};

const escaped = (text) => text.replace(/[.]/g, '\\.');
const under = (place) => (place.endsWith('.ts') ? `^src/${escaped(place)}$` : `^src/${place}/`);
const modules = (name) => `node_modules/(@types/)?${name}/`;

const tableRules = Object.entries(MAY_IMPORT).map(([place, allowed]) => ({
  name: `${place.replace('.ts', '')}-imports`,
  comment: `${place} may import ${allowed.length > 0 ? `only ${allowed.join(', ')} and ` : 'nothing but '}itself.`,
  severity: 'error',
  from: { path: under(place) },
  to: { path: '^src/', pathNot: [place, ...allowed].map(under) },
}));

const packageRules = Object.entries(PACKAGES).map(([name, home]) => ({
  name: `package-${name}`,
  comment: `${name} stays behind one door: ${home}`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: modules(name) },
}));

module.exports = {
  forbidden: [
    ...tableRules,
    ...packageRules,
    {
      name: 'package-unlisted',
      comment: 'A new runtime package needs a row in PACKAGES (and a good reason).',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/', pathNot: Object.keys(PACKAGES).map(modules) },
    },
    {
      name: 'core-is-pure',
      comment: 'core has no packages and no Node modules: what it needs arrives as arguments.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/' },
    },
    {
      name: 'core-entrance',
      comment: 'Import core through core/index.ts or core/ring/index.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/core/' },
      to: { path: '^src/core/', pathNot: '^src/core/(ring/)?index\\.ts$' },
    },
    {
      name: 'stores-are-strangers',
      severity: 'error',
      from: { path: '^src/store/(redis|embedded)/' },
      to: { path: '^src/store/', pathNot: ['^src/store/$1/', '^src/store/[^/]+\\.ts$'] },
    },
    {
      name: 'store-port-is-a-port',
      comment: 'The port does not know its adapters.',
      severity: 'error',
      from: { path: '^src/store/[^/]+\\.ts$' },
      to: { path: '^src/store/[^/]+/' },
    },
    {
      name: 'protocols-are-strangers',
      severity: 'error',
      from: { path: '^src/protocols/([^/]+)/' },
      to: { path: '^src/protocols/', pathNot: '^src/protocols/$1/' },
    },
    {
      name: 'server-is-the-root',
      comment: 'server.ts builds everything; only main.ts starts it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main\\.ts$' },
      to: { path: '^src/(server|main)\\.ts$' },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'Nobody imports it and it imports nothing.',
      severity: 'error',
      from: { orphan: true },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-package',
      comment: 'What src/ imports at run time must be a dependency.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types are imports too: a row of the table holds for them as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
