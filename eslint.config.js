import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What must stay in one place, as selectors of the syntax tree; `home` is the only place that may. */
const CONFINED = [
  {
    home: ['src/store/redis/connection.ts'],
    selector: 'ImportDeclaration[source.value="ioredis"][importKind!="type"]',
    message: 'Redis clients are made in src/store/redis/connection.ts, with the one profile that is safe.',
  },
  {
    home: ['src/main.ts', 'src/config/**', 'src/cli/**', 'src/client/**'],
    selector:
      'MemberExpression[object.name="process"][property.name="env"], ImportDeclaration[source.value="node:process"]',
    message: 'The environment is read in main.ts and src/config only.',
  },
  {
    home: ['src/platform/**', 'src/cli/**', 'src/client/**'],
    selector: [
      'MemberExpression[object.name="Date"][property.name="now"]',
      'NewExpression[callee.name="Date"][arguments.length=0]',
      'MemberExpression[object.name="performance"][property.name="now"]',
      'MemberExpression[object.name="process"][property.name="hrtime"]',
      'MemberExpression[object.name="Math"][property.name="random"]',
      'ImportSpecifier[imported.name=/^random(UUID|Bytes|Int|FillSync)$/]',
    ].join(', '),
    message: 'Time and randomness are injected; their real ones live in src/platform.',
  },
];

/** One block per confined thing would overwrite the others' `no-restricted-syntax`, so each home gets the rest. */
function confinements() {
  const rule = (kept) => ({
    'no-restricted-syntax': ['error', ...kept.map(({ selector, message }) => ({ selector, message }))],
  });
  const homes = [...new Set(CONFINED.flatMap(({ home }) => home))];
  return [
    { files: ['src/**/*.ts'], rules: rule(CONFINED) },
    ...homes.map((home) => ({
      files: [home],
      rules: rule(CONFINED.filter((one) => !one.home.includes(home))),
    })),
  ];
}

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'data/', '**/node_modules/', '**/dist/', '.peers/'] },
  tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // An async function without await turns what it throws into a rejection, as its callers expect.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-constant-binary-expression': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['error', { max: 15, variant: 'modified' }],
    },
  },
  ...confinements(),
  {
    files: ['src/main.ts', 'src/cli/**', 'scripts/**', 'bench/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's assertions are property reads.
      '@typescript-eslint/no-unused-expressions': 'off',
      // What a test starts is taken apart into its pieces, whose methods need no `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        module: 'writable',
      },
    },
  },
);
