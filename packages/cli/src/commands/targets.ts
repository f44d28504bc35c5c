import { draftTargets } from '@steadfleet/authority'
import { parseDigest } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { namedPlace } from '../catalogue/named-place.ts'
import { adoptions, daysOf, roleChanges } from '../ceremony/choices.ts'
import { heldCatalogue } from '../ceremony/held.ts'
import { listOption } from '../command.ts'
import {
  type Ceremony,
  catalogueOf,
  catalogueOption,
  ceremonyCommands,
  roleOptions,
} from './ceremony.ts'

const ceremony: Ceremony = {
  name: 'targets',
  what: 'the catalogue’s targets, which say who publishes',
  options: [
    {
      flags: '--dismiss <publisher>',
      what: 'a publisher who signs nothing any more',
      repeats: true,
    },
    {
      flags: '--adopt <publisher=package>',
      what: 'a package of another that this publisher signs from now on',
      repeats: true,
    },
    { flags: '--revoke <digest>', what: 'a release record that nobody shall run', repeats: true },
    ...roleOptions,
  ],
  placeOptions: [catalogueOption],
  examples: [
    'targets begin',
    'targets begin --add bolt=bolt.pub',
    'targets begin --remove acme=publisher-acme --add acme=new.pub --revoke sha256:…',
    'targets begin --dismiss bolt',
    'targets begin --catalogue garden --adopt garden=acme/greenhouse',
    'targets begin --catalogue garden --add bolt=bolt.pub',
  ],
  async draft(call, fleet) {
    const place = await namedPlace(fleet, catalogueOf(call).catalogue)
    const held = await heldCatalogue(fleet, place)
    const publishers = await roleChanges(call, fleet)
    for (const name of publishers.keys()) parsePublisherName(name)
    const revoked = listOption(call, 'revoke').map(digest => parseDigest(digest))
    const dismissed = listOption(call, 'dismiss')
    const change = { publishers, dismissed, adopted: adoptions(call), revoked, ...daysOf(call) }
    return draftTargets(held, change, call.world.now())
  },
}

/** `steadfleet targets …` */
export const targetsCommands = ceremonyCommands(ceremony)
