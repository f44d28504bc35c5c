import { isDeepStrictEqual } from 'node:util'
import { emptyGeneration, type Generation, type GenerationPackage } from '@steadfleet/engine'

/** What a change changes, in words, one phrase a package: "acme/greenhouse from revision 1 to 2". */
export function describeDifference(from: Generation | undefined, to: Generation): string[] {
  const held = new Map((from ?? emptyGeneration).packages.map(one => [one.package, one]))
  const kept = to.packages.flatMap(one => describePackage(held.get(one.package), one))
  const wanted = new Set(to.packages.map(one => one.package))
  const removed = [...held.keys()].filter(name => !wanted.has(name))
  return [...kept, ...removed.map(name => `${name} is removed`)]
}

function describePackage(held: GenerationPackage | undefined, wanted: GenerationPackage): string[] {
  const name = wanted.package
  if (held === undefined) return [`${name} revision ${wanted.revision} is new`]
  if (held.revision !== wanted.revision)
    return [`${name} from revision ${held.revision} to ${wanted.revision}`]
  return [
    ...(isDeepStrictEqual(held.settings, wanted.settings) ? [] : [`settings of ${name}`]),
    ...(isDeepStrictEqual(held.interfaces, wanted.interfaces) ? [] : [`interfaces of ${name}`]),
  ]
}
