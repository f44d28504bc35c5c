import {
  failedBefore,
  type Generation,
  type GenerationPackage,
  isSamePackage,
  packageOf,
  packagesUnableToRead,
  packagesWithoutCopy,
  type Refused,
  type Wanted,
} from '@steadfleet/engine'
import type { NewEvent } from '../report/outbox.ts'

type Ordered = Pick<GenerationPackage, 'package' | 'revision'>

/** What of a new order stays as it is: each is told as a failure, since nobody would hear of it otherwise. */
export function heldBack(current: Generation, wanted: Wanted, refused: Refused): NewEvent[] {
  const unreadable = packagesUnableToRead(current, wanted)
  const copyless = packagesWithoutCopy(current, wanted)
  const failed = packagesFailedBefore(current, wanted, refused)
  // Under its own order the failure itself was told.
  const untold = refused.counter === wanted.counter ? [] : failed
  return [
    ...unreadable.map(one => {
      const by = packageOf(current, one.package)?.migrated
      const why = `cannot go back to ${nameOf(one)}: revision ${by} has migrated its data; an order with --restore-data takes up a copy of then`
      return failureOf(one, 'agent/migrated', why)
    }),
    ...copyless.map(one => {
      const why = `cannot go back to ${nameOf(one)} with its data of then: this device holds no copy of it`
      return failureOf(one, 'agent/no-data', why)
    }),
    ...untold.map(one => {
      const since = `it failed here under order ${refused.counter} or before`
      const why = `cannot try ${nameOf(one)} again: ${since}, and nothing of it has changed`
      return failureOf(one, 'agent/failed-before', why)
    }),
  ]
}

/** Ordered packages that failed here, and are the same as then. */
export function packagesFailedBefore(
  current: Generation,
  { counter, packages }: Wanted,
  refused: Refused,
): Ordered[] {
  const names = failedBefore(counter, packages, refused)
  return packages.filter(
    one => names.includes(one.package) && !isSamePackage(packageOf(current, one.package), one),
  )
}

function nameOf({ package: name, revision }: Ordered): string {
  return `${name} ${revision}`
}

function failureOf({ package: name, revision }: Ordered, code: string, reason: string): NewEvent {
  const failure = { kind: 'change' as const, package: name, revision, reason, log: [] }
  return { kind: 'failure', message: reason, code, failure }
}
