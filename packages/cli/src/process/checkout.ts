import { join, resolve } from 'node:path'

/** The root of the checkout that this file lies in. */
export const checkout: string = resolve(import.meta.dirname, '../../../..')

/** Programs that the command line starts, and never imports. */
export const programs = {
  server: join(checkout, 'packages/server/src/main.ts'),
  signer: join(checkout, 'packages/signer/src/main.ts'),
  witness: join(checkout, 'packages/witness/src/main.ts'),
  simulator: join(checkout, 'packages/simulator/src/main.ts'),
  gateway: join(checkout, 'packages/gateway/src/main.ts'),
  agent: join(checkout, 'packages/agent/src/main.ts'),
  agentBuild: join(checkout, 'packages/agent/build.mjs'),
  builtAgent: join(checkout, 'build/steadfleet-agent.mjs'),
} as const

/** How an agent's memory is allocated: as the rescuer has it, which starts agents on devices. */
export const agentEnvironment = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '8192',
} as const
