import { findSites } from './find-sites.ts'
import { type Form, maskOf } from './forms.ts'
import { type Layout, offsetOf } from './layout.ts'
import { int32At, putInt32, uint32At } from './little-endian.ts'
import { Sites } from './sites.ts'
import { targetsOf } from './targets.ts'

/**
 * A file as the matcher should see it: in place of each reference stands a hash of what it refers
 * to. So code that moved, and code that refers to what moved, looks as it did.
 */
export function viewOf(bytes: Uint8Array, layout: Layout): Uint8Array {
  const sites = new Sites()
  findSites(bytes, 0, layout, sites)
  const view = new Uint8Array(bytes)
  const targets = targetsOf(sites, bytes, 0, layout)
  for (let i = 0; i < sites.count; i++) {
    if ((targets[i] ?? -1) >= 0) putBits(view, sites.at(i), sites.form(i), 0)
  }
  const blanked = new Uint8Array(view)
  for (let i = 0; i < sites.count; i++) {
    const target = targets[i] ?? -1
    const place = target < 0 ? -1 : offsetOf(layout.segments, target)
    if (place >= 0) putBits(view, sites.at(i), sites.form(i), hashAt(blanked, place))
  }
  return view
}

function putBits(view: Uint8Array, at: number, form: Form, bits: number): void {
  const mask = maskOf(form)
  putInt32(view, at, (int32At(view, at) & ~mask) | (bits & mask))
}

function hashAt(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length) return 0
  const first = Math.imul(uint32At(bytes, at), 0x9e3779b1)
  const mixed = Math.imul((first ^ (first >>> 15)) + uint32At(bytes, at + 4), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
