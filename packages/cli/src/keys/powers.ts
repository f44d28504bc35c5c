import type { CatalogueSet, OwnerFiles } from '@steadfleet/authority'
import type { RoleView } from '@steadfleet/protocol'
import {
  keyIdOf,
  ownerRole,
  reopenOwnerRoot,
  type SigningRole,
  topRole,
  toSigningRole,
} from '@steadfleet/trust'

/** A role that a key may sign for, and how long what the role signed last is good for. */
export interface Power {
  readonly role: string
  /** How many of how many keys must sign. */
  readonly threshold: number
  readonly of: number
  readonly life?: RoleView
}

/** What each key may sign, by key id, as the documents in force say. */
export function powersOf(
  catalogue: CatalogueSet,
  owner: OwnerFiles,
  lives: readonly RoleView[],
): Map<string, Power[]> {
  const powers = new Map<string, Power[]>()
  for (const [role, signing] of rolesIn(catalogue, owner)) {
    const life = lives.find(view => view.role === role)
    for (const key of signing.keys) {
      const id = keyIdOf(key)
      const power = { role, threshold: signing.threshold, of: signing.keys.length }
      powers.set(id, [...(powers.get(id) ?? []), { ...power, ...(life && { life }) }])
    }
  }
  return powers
}

function rolesIn({ root, targets }: CatalogueSet, owner: OwnerFiles): [string, SigningRole][] {
  const { delegations } = targets.signed
  const ownerRoot = reopenOwnerRoot(owner.root)
  return [
    ...(['root', 'targets', 'snapshot', 'timestamp'] as const).map(
      (name): [string, SigningRole] => [name, topRole(root.signed, name)],
    ),
    ...(delegations?.roles ?? []).map((role): [string, SigningRole] => [
      role.name,
      toSigningRole(delegations?.keys ?? new Map(), role),
    ]),
    ['owner-root', ownerRole(ownerRoot, 'root')],
    ['policy', ownerRole(ownerRoot, 'root')],
    ['director', ownerRole(ownerRoot, 'director')],
  ]
}
