import { draftRole, nextVersion } from '@steadfleet/authority'
import { heldRoleAt } from '../publish/builders.ts'
import { type Ceremony, catalogueOf, catalogueOption, ceremonyCommands } from './ceremony.ts'

const ceremony: Ceremony = {
  name: 'publisher',
  what: 'the publisher’s role',
  options: [],
  placeOptions: [catalogueOption],
  examples: ['publisher begin', 'publisher begin --catalogue garden --out renewed.draft'],
  async draft(call, fleet) {
    const now = call.world.now()
    const { catalogue, signed } = await heldRoleAt(fleet, { now, ...catalogueOf(call) })
    return draftRole(catalogue, fleet.home.publisher, nextVersion(signed, 'publisher', now))
  },
}

/** `steadfleet publisher …` */
export const publisherCommands = ceremonyCommands(ceremony)
