import { openSync, readdirSync, readFileSync } from 'node:fs'
import { isMissing } from './files.ts'

const closesOnExec = 0o2000000

/** Descriptors above 2 that this process was given by whoever started it, and would hand on. */
function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number).filter(isHandedOn)
}

function isHandedOn(descriptor: number): boolean {
  if (descriptor <= 2) return false
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
    const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '', 8)
    return (flags & closesOnExec) === 0
  } catch (error) {
    // The descriptor by which the folder was read.
    if (isMissing(error)) return false
    throw error
  }
}

let covered: readonly ('ignore' | number)[] | undefined

/**
 * What a child gets from descriptor 3 on: nothing. Node opens its own files so that no child has
 * them, but what it inherited would go on to every app, and a keeper that outlives the agent would
 * hold it open; so a child gets /dev/null in its place.
 */
export function nothingInherited(): readonly ('ignore' | number)[] {
  covered ??= cover(inheritedDescriptors())
  return covered
}

function cover(inherited: readonly number[]): ('ignore' | number)[] {
  if (inherited.length === 0) return []
  const nothing = openSync('/dev/null', 'r+')
  const count = Math.max(...inherited) - 2
  return Array.from({ length: count }, (_, i) => (inherited.includes(i + 3) ? nothing : 'ignore'))
}
