import { defineConfig } from 'vitest/config'

const shared = { exclude: ['**/node_modules/**', '**/.phonevoice/**'] }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{apps,packages,tools,examples,tests/conformance}/**/*.test.ts'],
          exclude: [...shared.exclude, '**/*.integration.test.ts'],
          // A limit against hanging, not against being slow: machines that test are busy.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'integration',
          include: ['{apps,packages,tools,examples,tests}/**/*.integration.test.ts'],
          globalSetup: ['tests/setup/postgres.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: ['tests/setup/postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Calls take their real time and little else: two systems side by side halve the wait.
          maxWorkers: 2,
        },
      },
    ],
  },
})
