import tseslint from 'typescript-eslint'

// A lost `await` loses a chunk: the floating-promise rules are what this file is for.
export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '.marc-migrations/', 'apps/dashboard/', '**/*.cjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }]
    }
  },
  { files: ['*.ts', 'eslint.config.js'], rules: { 'no-restricted-exports': 'off' } },
  { files: ['**/*.js'], extends: [tseslint.configs.base] }
)
