import { targetOf } from './forms.ts'
import type { Layout } from './layout.ts'
import type { Sites } from './sites.ts'

/** What each site in `bytes`, which stand in a file from `start` on, refers to; -1 for nothing. Valid until asked again. */
export function targetsOf(
  sites: Sites,
  bytes: Uint8Array,
  start: number,
  layout: Layout,
): Int32Array {
  const targets = sites.room()
  for (let i = 0; i < sites.count; i++) {
    targets[i] = targetOf(sites.reference(i, bytes, start, layout.segments), layout)
  }
  return targets
}
