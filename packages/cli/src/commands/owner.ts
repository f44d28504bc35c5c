import { draftOwner } from '@steadfleet/authority'
import { ownerRole } from '@steadfleet/trust'
import { openPolicyDraft } from '../catalogue/policy-draft.ts'
import {
  daysOf,
  onlineKeyMaker,
  policyChanges,
  refuseOtherRoles,
  roleChanges,
  rotatedKeys,
} from '../ceremony/choices.ts'
import { listOption } from '../command.ts'
import { type Ceremony, ceremonyCommands, roleOptions } from './ceremony.ts'

const ceremony: Ceremony = {
  name: 'owner',
  what: 'the owner root and its trust policy',
  options: [
    {
      flags: '--rotate <role>',
      what: 'give the director a new key, made in the server’s signer',
      repeats: true,
    },
    { flags: '--allow <catalogue=publisher>', what: 'a publisher that counts', repeats: true },
    {
      flags: '--disallow <catalogue=publisher>',
      what: 'one that need not be named',
      repeats: true,
    },
    {
      flags: '--refuse <catalogue=publisher>',
      what: 'a publisher that never counts',
      repeats: true,
    },
    { flags: '--unrefuse <catalogue=publisher>', what: 'one that may count again', repeats: true },
    {
      flags: '--open <interface=package>',
      what: 'what a package may ever be granted',
      repeats: true,
    },
    { flags: '--close <interface=package>', what: 'what it may not any more', repeats: true },
    ...roleOptions,
  ],
  examples: [
    'owner begin',
    'owner begin --rotate director',
    'owner begin --remove root=owner-3 --add root=carol.pub',
    'owner begin --refuse acme=bolt',
  ],
  async draft(call, fleet) {
    const { owner, root, next, isChanged } = await openPolicyDraft(fleet)
    const rotated = await rotatedKeys(
      listOption(call, 'rotate'),
      onlineKeyMaker(fleet),
      () => ownerRole(root, 'director').keys,
    )
    const roles = refuseOtherRoles(await roleChanges(call, fleet, rotated), ['root', 'director'])
    const drafted = isChanged && { drafted: next }
    const change = { roles, policy: policyChanges(call), ...drafted, ...daysOf(call) }
    return draftOwner(owner, change, call.world.now())
  },
}

/** `steadfleet owner …` */
export const ownerCommands = ceremonyCommands(ceremony)
