import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { PolicyChange, RoleChange } from '@steadfleet/authority'
import { parsePackageName, parsePublisherName } from '@steadfleet/domain'
import { makeOnlineKey, makeOnlineKeyIn } from '@steadfleet/protocol'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'
import { type Call, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { keyFolder } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { readPublicKey } from '../keys/key-file.ts'

/** `ROLE=VALUE`, as it was typed. */
type Pair = readonly [name: string, value: string]

/** What `--add`, `--remove` and `--threshold` of a call change, by role; `rotated` roles get new keys. */
export async function roleChanges(
  call: Call,
  fleet: Fleet,
  rotated: ReadonlyMap<string, RoleChange> = new Map(),
): Promise<Map<string, RoleChange>> {
  const changes = new Map(rotated)
  const grow = (name: string, more: Partial<RoleChange>): void => {
    const { add, remove, ...rest } = changes.get(name) ?? { add: [], remove: [] }
    changes.set(name, {
      ...rest,
      ...more,
      add: [...add, ...(more.add ?? [])],
      remove: [...remove, ...(more.remove ?? [])],
    })
  }
  for (const [name, key] of pairs(call, 'add')) {
    grow(name, { add: [await publicKeyAt(call, fleet, key)] })
  }
  for (const [name, key] of pairs(call, 'remove')) {
    grow(name, { remove: [await keyidAt(call, fleet, key)] })
  }
  for (const [name, count] of pairs(call, 'threshold')) {
    grow(name, { threshold: wholeNumber(count, 'a threshold') })
  }
  return changes
}

/** Has the server's signer make a key that waits to take over a role, in the first catalogue or another. */
export function onlineKeyMaker({ client }: Pick<Fleet, 'client'>, catalogue?: string) {
  if (catalogue === undefined) {
    return (role: string) => client.call(makeOnlineKey, { params: { role } })
  }
  const name = parsePublisherName(catalogue)
  return (role: string) => client.call(makeOnlineKeyIn, { params: { catalogue: name, role } })
}

/** New keys that wait in the server's signer, in the place of those that `held` says. */
export async function rotatedKeys(
  roles: readonly string[],
  makeOne: (role: string) => Promise<{ readonly key: PublicKey }>,
  held: (role: string) => readonly PublicKey[],
): Promise<Map<string, RoleChange>> {
  const changes = new Map<string, RoleChange>()
  for (const role of roles) {
    const { key } = await makeOne(role)
    changes.set(role, { add: [key], remove: held(role).map(keyIdOf), threshold: 1 })
  }
  return changes
}

/** Refuses a role that this document does not name. */
export function refuseOtherRoles<R extends string>(
  changes: ReadonlyMap<string, RoleChange>,
  roles: readonly R[],
): Map<R, RoleChange> {
  return new Map(
    [...changes].map(([name, change]) => {
      const role = roles.find(one => one === name)
      if (role) return [role, change]
      const message = `cannot change the role ${name} here: it is none of ${roles.join(', ')}`
      throw new CliError('cli/usage', message)
    }),
  )
}

const policyPlaces: readonly [
  option: string,
  kind: 'allowed' | 'refused' | 'ceiling',
  is: boolean,
][] = [
  ['allow', 'allowed', true],
  ['disallow', 'allowed', false],
  ['refuse', 'refused', true],
  ['unrefuse', 'refused', false],
  ['open', 'ceiling', true],
  ['close', 'ceiling', false],
]

/** What a call changes in the lists of the policy. */
export function policyChanges(call: Call): PolicyChange[] {
  return policyPlaces.flatMap(([option, kind, isThere]) =>
    pairs(call, option).map(([name, member]) => ({
      place:
        kind === 'ceiling' ? (['ceiling', name] as const) : (['catalogue', name, kind] as const),
      member,
      isThere,
    })),
  )
}

/** What `--adopt` says: by publisher, packages of others. */
export function adoptions(call: Call): Map<string, string[]> {
  const rows = pairs(call, 'adopt').map(
    ([publisher, name]) => [parsePublisherName(publisher), parsePackageName(name)] as const,
  )
  const byPublisher = Map.groupBy(rows, ([publisher]) => publisher)
  return new Map(
    [...byPublisher].map(([publisher, own]) => [publisher, own.map(([, name]) => name)]),
  )
}

/** What `--expires-days` says, if it was given. */
export function daysOf(call: Call): { readonly days?: number } {
  const typed = textOption(call, 'expiresDays')
  return typed === undefined ? {} : { days: wholeNumber(typed, 'a number of days') }
}

/** A public key file that was typed, or the name of a key of the fleet. */
async function publicKeyAt(call: Call, fleet: Fleet, typed: string): Promise<PublicKey> {
  return readPublicKey(keyPath(call, fleet, typed) ?? resolve(call.world.directory, typed))
}

/** The beginning of a key id, or what names a key of which the public half is here. */
async function keyidAt(call: Call, fleet: Fleet, typed: string): Promise<string> {
  const file = keyPath(call, fleet, typed)
  return file === undefined ? typed : keyIdOf(await readPublicKey(file))
}

function keyPath(call: Call, { home }: Fleet, typed: string): string | undefined {
  const places = [resolve(call.world.directory, typed), join(keyFolder(home), `${typed}.pub`)]
  return places.find(path => existsSync(path))
}

/** The values of an option, each of the form `NAME=VALUE`. Errors: `cli/usage`. */
export function pairs(call: Call, option: string): Pair[] {
  return listOption(call, option).map(typed => {
    const at = typed.indexOf('=')
    if (at > 0 && at < typed.length - 1) return [typed.slice(0, at), typed.slice(at + 1)]
    const message = `cannot read ${JSON.stringify(typed)} of --${option}: it is not of the form NAME=VALUE`
    throw new CliError('cli/usage', message)
  })
}
