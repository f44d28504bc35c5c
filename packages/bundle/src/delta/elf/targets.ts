import { targetOf } from './forms.ts'
import type { Layout } from './layout.ts'
import type { Sites } from './sites.ts'

/** What each site in `bytes`, which stand in a file from `start` on, refers to; -1 for nothing. */
export function targetsOf(
  sites: Sites,
  bytes: Uint8Array,
  start: number,
  layout: Layout,
): Int32Array {
  const targets = new Int32Array(sites.count)
  for (let i = 0; i < sites.count; i++) {
    targets[i] = targetOf(sites.reference(i, bytes, start, layout.segments), layout)
  }
  return targets
}
