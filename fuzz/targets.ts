import type { FuzzTarget } from './target.ts'
import { baseTargets } from './targets/base.ts'
import { bundleTargets } from './targets/bundle.ts'
import { captureTarget, dnsTarget } from './targets/capture.ts'
import { deltaTarget } from './targets/delta.ts'
import { domainTargets } from './targets/domain.ts'
import { logTargets } from './targets/log.ts'
import { mudTarget } from './targets/mud.ts'
import { refreshTarget } from './targets/refresh.ts'
import { trustTargets } from './targets/trust.ts'

/** Every parser of what comes from outside, in `base`, `domain`, `trust`, `bundle` and `confine`. */
export const targets: readonly FuzzTarget[] = [
  ...baseTargets,
  ...domainTargets,
  ...trustTargets,
  ...logTargets,
  refreshTarget,
  ...bundleTargets,
  deltaTarget,
  mudTarget,
  captureTarget,
  dnsTarget,
]
