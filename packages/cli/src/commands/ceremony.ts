import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Draft, signDraft } from '@steadfleet/authority'
import { forgetPolicyDraft } from '../catalogue/policy-draft.ts'
import { applyDraft } from '../ceremony/apply.ts'
import { readDraft, writeDraft, writeSignature } from '../ceremony/draft-files.ts'
import { keyOption, namedSigners } from '../ceremony/signers.ts'
import { type KeyNames, standingLines, toReviewJson, toReviewText } from '../ceremony/tell.ts'
import { foldBins } from '../ceremony/tell-bins.ts'
import { argument, type Call, type CommandSpec, type OptionSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { homeDirectory, keyFolder } from '../fleet/home.ts'
import { type Fleet, homeOf, openFleet } from '../fleet/open.ts'
import { listKeys } from '../keys/key-file.ts'
import { noteSigned } from '../log/signed-list.ts'
import { newTargets } from '../publish/new-targets.ts'

/** What differs between the ceremonies: how the next versions are drafted. */
export interface Ceremony {
  /** `root`, `targets`, `publisher` or `owner`. */
  readonly name: string
  readonly what: string
  /** Of its `begin`. */
  readonly options: readonly OptionSpec[]
  /** Of its `begin` and its `apply`: where the documents are. */
  readonly placeOptions?: readonly OptionSpec[]
  readonly examples: readonly string[]
  readonly draft: (call: Call, fleet: Fleet) => Promise<Draft>
}

/** What every `begin` takes that changes whose keys sign. */
export const roleOptions: readonly OptionSpec[] = [
  {
    flags: '--add <role=key>',
    what: 'a public key that may sign: its file, or its name here',
    repeats: true,
  },
  {
    flags: '--remove <role=key>',
    what: 'a key that may not any more: its name here, or its id',
    repeats: true,
  },
  { flags: '--threshold <role=m>', what: 'how many must sign', repeats: true },
  { flags: '--expires-days <n>', what: 'days that it is good for, instead of the usual ones' },
]

/** Which catalogue the documents are of. */
export const catalogueOption: OptionSpec = {
  flags: '--catalogue <name>',
  what: 'of this catalogue of yours, instead of the first one',
}

const outOption: OptionSpec = {
  flags: '--out <file>',
  what: 'where the draft goes, instead of NAME-VERSION.draft',
}

const draftArgument = { name: '<draft>', what: 'the file that begin wrote' }

/** The four commands of a ceremony: begin, review, sign, apply. */
export function ceremonyCommands(
  ceremony: Ceremony,
): [begin: CommandSpec, review: CommandSpec, sign: CommandSpec, apply: CommandSpec] {
  return [begin(ceremony), review(ceremony), sign(ceremony), apply(ceremony)]
}

function begin({ name, what, options, placeOptions = [], examples, draft }: Ceremony): CommandSpec {
  return {
    name: `${name} begin`,
    summary: `Draft the next version of ${what} into a file, for others to sign.`,
    options: [...options, ...placeOptions, outOption],
    examples,
    async run(call) {
      const fleet = await openFleet(call)
      const made = await draft(call, fleet)
      const version = String(made.documents[0]?.content.version)
      const file = textOption(call, 'out') ?? `${name}-${version}.draft`
      const path = resolve(call.world.directory, file)
      await writeDraft(path, made)
      const names = await namesHere(call)
      call.output.answer({ draft: path, ...toReviewJson(made, []) }, () =>
        [toReviewText(made, [], names), '', `${path} is to be signed`].join('\n'),
      )
    },
  }
}

function review({ name, what }: Ceremony): CommandSpec {
  return {
    name: `${name} review`,
    takes: [
      draftArgument,
      { name: '[signatures...]', what: 'signature files; else those beside it' },
    ],
    summary: `Show what a draft changes in ${what}, who has signed it and who still must.`,
    examples: [`${name} review ${name}-2.draft`, `${name} review ${name}-2.draft --json`],
    async run(call) {
      const { draft, signatures } = await readDraft(call)
      const names = await namesHere(call)
      call.output.answer(toReviewJson(draft, signatures), () =>
        toReviewText(draft, signatures, names),
      )
    },
  }
}

function sign({ name, what }: Ceremony): CommandSpec {
  return {
    name: `${name} sign`,
    takes: [draftArgument],
    summary: `Sign a draft of ${what}; needs nothing but the draft and a key.`,
    options: [keyOption],
    examples: [
      `${name} sign ${name}-2.draft --key /media/stick/${name}-1.pem`,
      `${name} sign ${name}-2.draft --key ${name}-1 --key ${name}-2`,
    ],
    async run(call) {
      const { path, draft } = await readDraft({ ...call, arguments: [argument(call, 0)] })
      const signers = await namedSigners(call)
      if (signers.length === 0)
        throw new CliError('cli/usage', 'cannot sign: name the key with --key')
      await noteDrafted(call, draft)
      const files: string[] = []
      for (const signer of signers) {
        files.push(await writeSignature(path, await signDraft(draft, signer)))
      }
      call.output.answer({ signatures: files }, () => files.join('\n'))
    },
  }
}

function apply({ name, what, placeOptions = [] }: Ceremony): CommandSpec {
  return {
    name: `${name} apply`,
    takes: [
      draftArgument,
      { name: '[signatures...]', what: 'signature files; else those beside it' },
    ],
    summary: `Check the signatures of a draft and put ${what} in force; safe to repeat.`,
    options: placeOptions,
    examples: [`${name} apply ${name}-2.draft`, `${name} apply ${name}-2.draft alice.sig bob.sig`],
    async run(call) {
      const { draft, signatures } = await readDraft(call)
      const names = await namesHere(call)
      for (const line of standingLines(draft, signatures, names)) call.output.note(line)
      const { client, home } = await openFleet(call)
      const at = {
        now: call.world.now(),
        say: (line: string) => call.output.note(line),
        ...catalogueOf(call),
      }
      const applied = await applyDraft(client, draft, signatures, at)
      if (applied.policy !== undefined) await forgetPolicyDraft(home)
      call.output.answer(applied, () =>
        foldBins(
          Object.entries(applied).map(([document, version]) => ({
            document: `${document} ${version}`,
            lines: ['is in force'],
          })),
        )
          .map(({ document, lines }) => [document, ...lines].join(' '))
          .join('\n'),
      )
    },
  }
}

/** Where this machine watches the log for the publisher: what is signed here is not somebody else's. */
async function noteDrafted(call: Call, draft: Draft): Promise<void> {
  const directory = homeDirectory(call.world, textOption(call, 'dir'))
  if (!existsSync(join(directory, 'steadfleet.json'))) return
  const home = await homeOf(call)
  await noteSigned(home, newTargets(draft, home.publisher))
}

/** The catalogue that `--catalogue` names, if it was given. */
export function catalogueOf(call: Call): { readonly catalogue?: string } {
  const catalogue = textOption(call, 'catalogue')
  return catalogue === undefined ? {} : { catalogue }
}

/** Names of keys, where this machine has a fleet; whoever signs elsewhere reads their ids. */
export async function namesHere(call: Call): Promise<KeyNames> {
  const directory = homeDirectory(call.world, textOption(call, 'dir'))
  if (!existsSync(join(directory, 'steadfleet.json'))) return new Map()
  const folder = keyFolder(await homeOf(call))
  if (!existsSync(folder)) return new Map()
  return new Map((await listKeys(folder)).map(({ name, keyid }) => [keyid, name]))
}
