import { resolve } from 'node:path'
import { toStatementBytes } from '@steadfleet/authority'
import { fromUtf8 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import type { TrustPolicy } from '@steadfleet/trust'
import { adoptPackage } from '../catalogue/adopt.ts'
import { changesBetween, toLines, withPublisher } from '../catalogue/policy-changes.ts'
import {
  applyPolicyDraft,
  openPolicyDraft,
  savePolicyDraft,
  toOwnerDraft,
} from '../catalogue/policy-draft.ts'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { type Ceremony, ceremonyCommands } from './ceremony.ts'

/** `steadfleet policy show` */
export const policyShow: CommandSpec = {
  name: 'policy show',
  summary: 'Show whose releases count on the devices, by the policy in force.',
  examples: ['policy show', 'policy show --json'],
  async run(call) {
    const { held } = await openPolicyDraft(await openFleet(call))
    call.output.answer(toJson(held), () =>
      [`policy ${held.version}, good until ${held.expires.toISOString()}`, ...toLines(held)].join(
        '\n',
      ),
    )
  },
}

/** `steadfleet policy allow CATALOGUE PUBLISHER` */
export const policyAllow = publisherCommand(
  'allow',
  'allowed',
  'Draft that a publisher of a catalogue counts.',
)

/** `steadfleet policy refuse CATALOGUE PUBLISHER` */
export const policyRefuse = publisherCommand(
  'refuse',
  'refused',
  'Draft that a publisher of a catalogue never counts, whatever else is said.',
)

/** `steadfleet policy adopt PACKAGE` */
export const policyAdopt: CommandSpec = {
  name: 'policy adopt',
  takes: [{ name: '<package>', what: 'of a publisher who is gone, as PUBLISHER/NAME' }],
  summary: 'Draft that your publisher signs a package of another from now on.',
  options: [
    { flags: '--into <catalogue>', what: 'your catalogue that has its next revisions' },
    {
      flags: '--floor <revision>',
      what: 'the lowest that counts; what channels point at otherwise',
    },
  ],
  examples: ['policy adopt acme/greenhouse --into garden'],
  async run(call) {
    const fleet = await openFleet(call)
    const { held } = await openPolicyDraft(fleet)
    const floor = textOption(call, 'floor')
    const { adoption, targets } = await adoptPackage(fleet, {
      package: argument(call, 0),
      into: textOption(call, 'into') ?? held.catalogues[0]?.name ?? '',
      ...(floor !== undefined && { floor: wholeNumber(floor, 'a revision') }),
      now: call.world.now(),
      draftAt: version => resolve(call.world.directory, `targets-${version}.draft`),
    })
    if (targets !== undefined) {
      call.output.note(
        `${targets} waits for more signatures of the targets: steadfleet targets sign`,
      )
    }
    await answerChanges(call)
    call.output.note(
      `publish it from revision ${adoption.floor + 1} on, as ${adoption.to.publisher}`,
    )
  },
}

const ceremony: Ceremony = {
  name: 'policy',
  what: 'the owner’s trust policy',
  options: [],
  examples: ['policy begin', 'policy begin --out garden.draft'],
  draft: (call, fleet) => toOwnerDraft(fleet, call.world.now()),
}

const [begin, review, sign, apply] = ceremonyCommands(ceremony)

/** `steadfleet policy begin` */
export const policyBegin = begin

/** `steadfleet policy review [DRAFT]` */
export const policyReview: CommandSpec = {
  ...review,
  takes: orNone(review),
  summary:
    'Show what the drafted policy changes, before it is signed; or what a file of begin does.',
  examples: ['policy review', 'policy review --json', 'policy review policy-2.draft'],
  run: call => (call.arguments.length === 0 ? answerChanges(call) : review.run(call)),
}

/** `steadfleet policy sign DRAFT` */
export const policySign = sign

/** `steadfleet policy apply [DRAFT]` */
export const policyApply: CommandSpec = {
  ...apply,
  takes: orNone(apply),
  summary:
    'Sign the drafted policy with the owner’s keys on this machine, and put it in force; or a file that others signed.',
  examples: ['policy apply', 'policy apply --json', 'policy apply policy-2.draft'],
  async run(call) {
    if (call.arguments.length > 0) return apply.run(call)
    const policy = await applyPolicyDraft(await openFleet(call), call.world.now())
    call.output.answer(toJson(policy), () => `policy ${policy.version} is in force`)
  },
}

/** The same arguments, of which the first may be left out. */
function orNone({ takes = [] }: CommandSpec): NonNullable<CommandSpec['takes']> {
  return takes.map(one => ({ ...one, name: one.name.replace(/^<(.*)>$/, '[$1]') }))
}

function publisherCommand(
  verb: 'allow' | 'refuse',
  list: 'allowed' | 'refused',
  summary: string,
): CommandSpec {
  return {
    name: `policy ${verb}`,
    takes: [
      { name: '<catalogue>', what: 'a catalogue of the policy' },
      { name: '<publisher>', what: 'a publisher it delegates to' },
    ],
    summary,
    examples: [`policy ${verb} acme bolt`],
    async run(call) {
      const fleet = await openFleet(call)
      const { next } = await openPolicyDraft(fleet)
      const publisher = parsePublisherName(argument(call, 1))
      await savePolicyDraft(fleet.home, withPublisher(next, argument(call, 0), publisher, list))
      await answerChanges(call)
    },
  }
}

async function answerChanges(call: Call): Promise<void> {
  const { held, next, isChanged } = await openPolicyDraft(await openFleet(call))
  const changes = isChanged ? changesBetween(held, next) : []
  call.output.answer({ version: next.version, changes }, () =>
    changes.length === 0
      ? `policy ${held.version} is in force, and nothing else was drafted`
      : [
          `policy ${next.version} would change`,
          ...changes,
          'sign it: steadfleet policy apply; with keys elsewhere: steadfleet policy begin',
        ].join('\n'),
  )
}

/** As it is signed, for programs. */
function toJson(policy: TrustPolicy): object {
  return JSON.parse(fromUtf8(toStatementBytes(policy))) as object
}
