import type { PackageName } from '@steadfleet/domain'
import { agentInterface, type GenerationPackage } from './generation.ts'

/**
 * What the newest order grants each package that it names. A package that it does not name keeps what it
 * has: nobody took that back.
 */
export type Granted = ReadonlyMap<PackageName, readonly string[]>

/**
 * The package without what is granted no more: going back to it does not bring that back. The agent stays the
 * agent: an order that would end that is refused as a whole.
 */
export function withGranted<P extends Pick<GenerationPackage, 'package' | 'grants' | 'interfaces'>>(
  one: P,
  granted: Granted,
): P {
  const names = granted.get(one.package)
  if (names === undefined) return one
  const isGranted = (name: string) => name === agentInterface || names.includes(name)
  return {
    ...one,
    grants: one.grants.filter(isGranted),
    interfaces: one.interfaces.filter(isGranted),
  }
}

/** What stays of a generation, as it is but for what is granted no more; that makes a package a changed one. */
export function stayingUnder(
  one: GenerationPackage,
  granted: Granted,
  number: number,
): GenerationPackage {
  const less = withGranted(one, granted)
  if (less.interfaces.length === one.interfaces.length) return one
  const { restored: _, ...rest } = less
  return { ...rest, data: number }
}
