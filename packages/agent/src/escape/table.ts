import type { Attempt } from './attempt.ts'
import { deviceAttempts } from './device.ts'
import { kernelAttempts } from './kernel.ts'
import { deviceServiceAttempts, grantedNetworkAttempts, networkAttempts } from './network.ts'
import { processAttempts } from './process.ts'

/** Every attempt to get out of a sandbox: each is shown to succeed without one, and to fail in it. */
export const attempts: readonly Attempt[] = [
  ...deviceAttempts,
  ...kernelAttempts,
  ...processAttempts,
  ...networkAttempts,
  ...grantedNetworkAttempts,
  ...deviceServiceAttempts,
]
