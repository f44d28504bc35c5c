import { resolve } from 'node:path'
import { parseDigest } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { type CatalogueView, followCatalogue, listCatalogues } from '@steadfleet/protocol'
import { makeOwnCatalogue, type PublisherChoices } from '../catalogue/make.ts'
import { withCatalogue } from '../catalogue/policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from '../catalogue/policy-draft.ts'
import { pairs } from '../ceremony/choices.ts'
import { keyOption, namedSigners } from '../ceremony/signers.ts'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { readPublicKey } from '../keys/key-file.ts'
import { toTable } from '../output.ts'
import { builderAddress } from './builder.ts'

/** `steadfleet catalogue list` */
export const catalogueList: CommandSpec = {
  name: 'catalogue list',
  summary: 'List the catalogues that the server serves: its own, and mirrors of others’.',
  examples: ['catalogue list', 'catalogue list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const catalogues = await client.call(listCatalogues, {})
    call.output.answer(catalogues, () =>
      toTable(
        ['catalogue', 'publishers', 'expires', 'from', 'root'],
        catalogues.map(({ name, publishers, expires, origin, root }) => [
          name,
          publishers.join(' '),
          expires ?? 'nothing yet',
          origin ?? 'here',
          root,
        ]),
      ),
    )
  },
}

/** `steadfleet catalogue make NAME` */
export const catalogueMake: CommandSpec = {
  name: 'catalogue make',
  takes: [{ name: '<name>', what: 'what the policy shall call it' }],
  summary: 'Make a catalogue of your own, under keys of your own, and draft the policy for it.',
  options: [
    {
      ...keyOption,
      what: `${keyOption.what}; signs releases there: the publisher’s own otherwise`,
    },
    {
      flags: '--also <file>',
      what: 'a public key elsewhere that may sign them too',
      repeats: true,
    },
    { flags: '--threshold <m>', what: 'how many must sign', otherwise: '1' },
    {
      flags: '--builder <id=file>',
      what: 'whose provenance counts, and its public key; the fleet’s own builder otherwise',
      repeats: true,
    },
  ],
  examples: [
    'catalogue make garden',
    'catalogue make garden --key publisher-acme --also carol.pub --threshold 1',
    'catalogue make garden --builder https://ci.example/acme=ci.pub --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const choices = await publisherChoices(call)
    const made = await makeOwnCatalogue(fleet, argument(call, 0), call.world, choices)
    call.output.answer(made, () =>
      [
        `catalogue ${made.name} is there, under root ${made.root}`,
        'devices follow it once the policy says so: steadfleet policy apply',
      ].join('\n'),
    )
  },
}

async function publisherChoices(call: Call): Promise<PublisherChoices> {
  const at = (file: string): string => resolve(call.world.directory, file)
  const others = listOption(call, 'also').map(file => readPublicKey(at(file)))
  const builders = pairs(call, 'builder').map(async ([id, file]) => {
    return { id: builderAddress(id), key: await readPublicKey(at(file)) }
  })
  return {
    signers: await namedSigners(call),
    others: await Promise.all(others),
    threshold: wholeNumber(textOption(call, 'threshold') ?? '', 'a threshold'),
    ...(builders.length > 0 && { builders: await Promise.all(builders) }),
  }
}

/** `steadfleet catalogue follow NAME URL ROOT` */
export const catalogueFollow: CommandSpec = {
  name: 'catalogue follow',
  takes: [
    { name: '<name>', what: 'what the policy shall call it' },
    { name: '<url>', what: 'origin of the server that has it' },
    { name: '<root>', what: 'digest of its first root, which its maker tells you' },
  ],
  summary: 'Mirror the catalogue of another party, verified, and draft the policy for it.',
  options: [
    {
      flags: '--allow <publisher>',
      what: 'a publisher that counts; NAME otherwise',
      repeats: true,
    },
    { flags: '--as <name>', what: 'the name it has on that server; NAME otherwise' },
  ],
  examples: ['catalogue follow acme https://acme.example sha256:1c5f… --allow acme'],
  async run(call) {
    const fleet = await openFleet(call)
    const name = parsePublisherName(argument(call, 0))
    const root = parseDigest(argument(call, 2))
    const origin = new URL(argument(call, 1)).origin
    const theirs = parsePublisherName(textOption(call, 'as') ?? name)
    const { next } = await openPolicyDraft(fleet)
    const body = { origin, name: theirs, root }
    const view = await fleet.client.call(followCatalogue, { params: { catalogue: name }, body })
    const typed = listOption(call, 'allow')
    const allowed = (typed.length === 0 ? [name] : typed).map(one => parsePublisherName(one))
    await savePolicyDraft(fleet.home, withCatalogue(next, { name, root, allowed, refused: [] }))
    call.output.answer(view, () => tell(view))
  },
}

function tell({ name, publishers, expires }: CatalogueView): string {
  return [
    `catalogue ${name} is mirrored: publishers ${publishers.join(' ')}, good until ${expires}`,
    'devices follow it once the policy says so: steadfleet policy apply',
  ].join('\n')
}
