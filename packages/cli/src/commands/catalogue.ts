import { parseDigest } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { type CatalogueView, followCatalogue, listCatalogues } from '@steadfleet/protocol'
import { makeOwnCatalogue } from '../catalogue/make.ts'
import { withCatalogue } from '../catalogue/policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from '../catalogue/policy-draft.ts'
import { argument, type CommandSpec, listOption, textOption } from '../command.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

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
  examples: ['catalogue make garden', 'catalogue make garden --json'],
  async run(call) {
    const made = await makeOwnCatalogue(await openFleet(call), argument(call, 0), call.world)
    call.output.answer(made, () =>
      [
        `catalogue ${made.name} is there, under root ${made.root}`,
        'devices follow it once the policy says so: steadfleet policy apply',
      ].join('\n'),
    )
  },
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
