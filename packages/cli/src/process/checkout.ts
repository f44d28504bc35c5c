import { join, resolve } from 'node:path'

/** The root of the checkout that this file lies in. */
export const checkout: string = resolve(import.meta.dirname, '../../../..')

/** Programs that the command line starts, and never imports. */
export const programs = {
  server: join(checkout, 'packages/server/src/main.ts'),
  signer: join(checkout, 'packages/signer/src/main.ts'),
  witness: join(checkout, 'packages/witness/src/main.ts'),
  agent: join(checkout, 'packages/agent/src/main.ts'),
  agentBuild: join(checkout, 'packages/agent/build.mjs'),
  builtAgent: join(checkout, 'build/steadfleet-agent.mjs'),
} as const
