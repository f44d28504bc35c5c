import { draftRoles } from '@steadfleet/authority'
import type { Call, CommandSpec } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { documentsOf } from '../publish/held-bins.ts'
import { nextVersions } from '../publish/put-role.ts'
import { binsInWords, heldWhole, type Spread, spreadOf, spreadOver } from '../publish/spread.ts'
import { type Ceremony, catalogueOf, catalogueOption, ceremonyCommands } from './ceremony.ts'
import { draftedLines, roleSigning, roleSigningOptions } from './role-signing.ts'

const ceremony: Ceremony = {
  name: 'publisher',
  what: 'the publisher’s role',
  options: [],
  placeOptions: [catalogueOption],
  examples: ['publisher begin', 'publisher begin --catalogue garden --out renewed.draft'],
  async draft(call, fleet) {
    const now = call.world.now()
    const held = await heldWhole(fleet, { now, ...catalogueOf(call) })
    return draftRoles(held.catalogue, nextVersions(documentsOf(held, fleet.home.publisher), now))
  },
}

/** `steadfleet publisher bins [COUNT]` */
const bins: CommandSpec = {
  name: 'publisher bins',
  takes: [{ name: '[count]', what: 'so many: a power of two up to 4096; 1 for one file again' }],
  summary:
    'Spread the publisher’s releases over many files, so that a release changes one of them; or say how they lie.',
  options: [catalogueOption, ...roleSigningOptions],
  examples: [
    'publisher bins',
    'publisher bins 64',
    'publisher bins 256 --key publisher-acme --key bob --json',
    'publisher bins 1',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const at = { now: call.world.now(), ...catalogueOf(call) }
    const [count] = call.arguments
    if (count === undefined) return answer(call, spreadOf(await heldWhole(fleet, at)))
    const say = (line: string): void => call.output.note(line)
    const place = { ...at, ...(await roleSigning(call)), say }
    const { drafted, ...spread } = await spreadOver(
      fleet,
      wholeNumber(count, 'a number of bins'),
      place,
    )
    for (const line of drafted ? await draftedLines(call, drafted) : []) call.output.note(line)
    answer(call, spread, drafted !== undefined && { drafted })
  },
}

function answer(call: Call, spread: Spread, drafted: false | object = false): void {
  const { bins: count, releases } = spread
  const verb = drafted ? 'will be' : 'are'
  call.output.answer(
    { ...spread, ...drafted },
    () => `${releases} releases ${verb} in ${binsInWords(count)}`,
  )
}

/** `steadfleet publisher …` */
export const publisherCommands: readonly CommandSpec[] = [...ceremonyCommands(ceremony), bins]
