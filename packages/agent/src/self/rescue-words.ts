import type { Rescue } from './agent-files.ts'

/** What the rescuer did, as one says it. */
export function toWords(rescue: Rescue): string {
  const { kind, from, to, starts } = rescue
  if (rescue.kind === 'agent' && rescue.isChanged) {
    const why = 'whose file is not what it was'
    if (from === to) return `started agent ${from}, ${why}: there is no other`
    return `went back from agent ${from}, ${why}, to ${to}`
  }
  return `went back from ${kind} ${from} to ${to} after ${starts} starts that did not become healthy`
}
