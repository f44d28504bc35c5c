import { draftRoot } from '@steadfleet/authority'
import { topRole } from '@steadfleet/trust'
import { namedPlace } from '../catalogue/named-place.ts'
import {
  daysOf,
  onlineKeyMaker,
  refuseOtherRoles,
  roleChanges,
  rotatedKeys,
} from '../ceremony/choices.ts'
import { heldCatalogue } from '../ceremony/held.ts'
import { listOption } from '../command.ts'
import {
  type Ceremony,
  catalogueOf,
  catalogueOption,
  ceremonyCommands,
  roleOptions,
} from './ceremony.ts'

const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const

const ceremony: Ceremony = {
  name: 'root',
  what: 'the catalogue’s root',
  options: [
    {
      flags: '--rotate <role>',
      what: 'give snapshot or timestamp a new key, made in the server’s signer',
      repeats: true,
    },
    ...roleOptions,
  ],
  placeOptions: [catalogueOption],
  examples: [
    'root begin',
    'root begin --remove root=catalogue-root-3 --add root=carol.pub',
    'root begin --rotate snapshot --rotate timestamp',
    'root begin --add targets=dan.pub --threshold targets=3',
    'root begin --catalogue garden --rotate timestamp',
  ],
  async draft(call, fleet) {
    const { catalogue } = catalogueOf(call)
    const held = await heldCatalogue(fleet, await namedPlace(fleet, catalogue))
    const signed = held.root.signed
    const rotated = await rotatedKeys(
      listOption(call, 'rotate'),
      onlineKeyMaker(fleet, catalogue),
      role => topRole(signed, role === 'snapshot' ? role : 'timestamp').keys,
    )
    const changes = refuseOtherRoles(await roleChanges(call, fleet, rotated), roles)
    return draftRoot(held, { roles: changes, ...daysOf(call) }, call.world.now())
  },
}

/** `steadfleet root …` */
export const rootCommands = ceremonyCommands(ceremony)
