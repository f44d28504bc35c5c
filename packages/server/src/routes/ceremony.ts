import type { CatalogueStep, OwnerStep } from '@steadfleet/authority'
import { fromBase64 } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import {
  applyCatalogue,
  applyCatalogueIn,
  applyOwner,
  type BodyOf,
  listRoles,
  makeOnlineKey,
  makeOnlineKeyIn,
  type PublicKeyView,
} from '@steadfleet/protocol'
import { announce, tellAllToLook } from '../announce.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { haltDisallowed } from '../catalogue/refuse-disallowed.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { rolesOf } from '../role-lives.ts'
import type { OnlineRole } from '../signer-client.ts'

/** Keys and the documents they sign: who may sign what, and for how long it is good. */
export function handleCeremony(handle: Handle, house: House): void {
  const { catalogue, catalogues, owner } = house

  handle(listRoles, async () => rolesOf(house))

  handle(applyCatalogue, ({ body }) => applyTo(house, catalogue, body))

  handle(applyCatalogueIn, ({ params, body }) =>
    applyTo(house, catalogues.own(params.catalogue), body),
  )

  handle(applyOwner, async ({ body: { root, policy } }) => {
    await applyOwnerStep(house, { ...(root && { root }), ...(policy && { policy }) })
    return { root: owner.rootVersion, policy: owner.policy().signed.version }
  })

  handle(makeOnlineKey, async ({ params }) => {
    const key = await house.signer().makeKey(params.role as OnlineRole)
    return { key: key as PublicKeyView }
  })

  handle(makeOnlineKeyIn, async ({ params: { catalogue: name, role } }) => {
    catalogues.own(name)
    const { isFirst } = catalogues.named(name)
    const named = isFirst ? role : `${role}@${name}`
    return { key: (await house.signer().makeKey(named as OnlineRole)) as PublicKeyView }
  })
}

async function applyTo(house: House, own: Catalogue, body: BodyOf<typeof applyCatalogue>) {
  await own.apply(toStep(body))
  house.keyHolders.clear()
  house.log.nudge()
  announce(house, 'releases')
  await house.secondStore.keepAll()
  const { root, targets, snapshot } = own.inForce()
  return {
    root: root.signed.version,
    targets: targets.signed.version,
    snapshot: snapshot.signed.version,
  }
}

/** Puts what the owner signed in force, and has every order follow it. */
export async function applyOwnerStep(house: House, step: OwnerStep): Promise<void> {
  const { isDirectedAnew } = await house.owner.apply(step, house.world.now())
  // What the policy lets in may have been in a catalogue before.
  await house.notes.noteAll()
  await haltDisallowed(house)
  const now = toTimestamp(house.world.now())
  await house.store.write('noteCeiling', { ceiling: house.owner.policy().signed.ceiling, now })
  await house.store.write(isDirectedAnew ? 'renewAllOrders' : 'markAllDue', {})
  house.log.nudge()
  void house.orderer.nudge()
  tellAllToLook(house)
  await house.secondStore.keepAll()
}

function toStep({ root, targets, roles = [] }: BodyOf<typeof applyCatalogue>): CatalogueStep {
  return {
    ...(root !== undefined && { root: fromBase64(root) }),
    ...(targets !== undefined && { targets: fromBase64(targets) }),
    roles: new Map(roles.map(({ name, file }) => [name, fromBase64(file)])),
  }
}
