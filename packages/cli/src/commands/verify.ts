import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError, isDigest } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { logDigest } from '@steadfleet/trust'
import { type CataloguePlace, placeAt } from '../catalogue/place.ts'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError, exits, OwnExit } from '../error.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { ownArchitecture, parseArchitecture } from '../machine.ts'
import { anyOf, archivedInputs } from '../pack/index.ts'
import { openProgress } from '../progress.ts'
import { firstPlace } from '../publish/role.ts'
import { type Pins, type VerifiedRelease, verifyChain } from '../verify/chain.ts'
import { VerifyError } from '../verify/error.ts'
import { gatherEvidence, ownLog } from '../verify/gather.ts'
import { fetchedInputs } from '../verify/inputs.ts'
import { type Link, type LinkName, linkNames, type OnLink } from '../verify/link.ts'
import type { PinnedLog } from '../verify/log-link.ts'
import { verifyRebuild } from '../verify/rebuild.ts'
import { parseEvidence, type ReleaseEvidence, toEvidenceBytes } from '../verify/release-evidence.ts'
import { toBrokenWords, toWords } from '../verify/words.ts'

/** `steadfleet verify RELEASE` */
export const verify: CommandSpec = {
  name: 'verify',
  takes: [{ name: '<release>', what: 'PUBLISHER/NAME@REVISION, or a file that --export wrote' }],
  summary: 'Show who built, signed and logged a release, and check every step of it yourself.',
  options: [
    { flags: '--architecture <name>', what: 'amd64 or arm64; this machine’s otherwise' },
    { flags: '--export <file>', what: 'write all the evidence here, to be verified anywhere' },
    { flags: '--catalogue <name>', what: 'in this catalogue, under the root of --root' },
    {
      flags: '--root <digest>',
      what: 'of a file or another catalogue: the first root that you trust',
    },
    { flags: '--log <digest>', what: 'of a file: the log policy that you trust, or none' },
    { flags: '--rebuild', what: 'build it again from the same inputs, and compare' },
    { flags: '--sources <dir>', what: 'rebuild from this folder and its lock' },
    { flags: '--archive <dir>', what: 'rebuild from inputs that were kept here' },
  ],
  examples: [
    'verify acme/greenhouse@3',
    'verify acme/greenhouse@3 --export greenhouse-3.json',
    'verify greenhouse-3.json --root sha256:… --log none',
    'verify acme/greenhouse@3 --rebuild --json',
  ],
  async run(call) {
    const subject = await subjectOf(call)
    const out = textOption(call, 'export')
    const links: Link[] = []
    const onLink: OnLink = link => {
      links.push(link)
      if (!call.output.json) call.output.line(undefined, toWords(link))
    }
    try {
      const verified = await verifyChain(subject.evidence, subject.pins, onLink)
      if (call.options.rebuild === true) onLink(await rebuild(call, subject, verified))
    } catch (error) {
      throw tellBroken(call, subject, links, error)
    }
    if (out) await writeFile(resolve(call.world.directory, out), toEvidenceBytes(subject.evidence))
    tellVerified(call, subject, links, out)
  },
}

/** What is verified, by what, and the fleet that it came from, if it did not come from a file. */
interface Subject {
  readonly evidence: ReleaseEvidence
  readonly pins: Pins
  readonly fleet?: Fleet
}

const named = /^([a-z][a-z0-9-]{0,39}\/[a-z][a-z0-9-]{0,39})@([1-9]\d{0,14})$/

async function subjectOf(call: Call): Promise<Subject> {
  const typed = argument(call, 0)
  const [, name, revision] = named.exec(typed) ?? []
  if (name === undefined) return subjectInFile(call, typed)
  const fleet = await openFleet(call)
  const asked = textOption(call, 'architecture')
  const architecture = asked === undefined ? ownArchitecture() : parseArchitecture(asked)
  const path = `${name}/${revision}/${architecture}`
  const choice = await ownLog(fleet.home)
  const log = choice ? logDigest(choice) : 'none'
  const place = placeFor(call, fleet)
  const evidence = await gatherEvidence(fleet, place, path, call.world.now())
  return { fleet, evidence, pins: { root: place.root, log } }
}

/** The fleet's first catalogue, whose root is pinned in its folder, or another one that was named. */
function placeFor(call: Call, { home, client }: Fleet): Omit<CataloguePlace, 'name'> {
  const named = textOption(call, 'catalogue')
  if (named === undefined) return firstPlace(home, client)
  return placeAt(home, client, parsePublisherName(named), rootOf(call))
}

async function subjectInFile(call: Call, typed: string): Promise<Subject> {
  const file = resolve(call.world.directory, typed)
  const bytes = await readFile(file).catch(cause => {
    const message = `cannot verify ${typed}: neither PUBLISHER/NAME@REVISION nor a file`
    throw new CliError('cli/usage', message, {}, { cause })
  })
  const pins = { root: rootOf(call), log: logOf(call) }
  const evidence = parseEvidence(bytes)
  refuseFuture(evidence, call.world.now())
  return { evidence, pins }
}

function rootOf(call: Call): Pins['root'] {
  const typed = textOption(call, 'root') ?? ''
  if (isDigest(typed)) return typed
  const message = 'cannot verify this without --root: the digest of the first root that you trust'
  throw new CliError('cli/usage', message)
}

function logOf(call: Call): PinnedLog {
  const typed = textOption(call, 'log')
  if (typed === undefined || typed === 'none' || isDigest(typed)) return typed
  throw new CliError('cli/usage', `cannot read ${JSON.stringify(typed)} as a digest, or none`)
}

function refuseFuture({ taken }: ReleaseEvidence, now: Date): void {
  if (taken <= now) return
  const message = `cannot trust evidence of ${taken.toISOString()}: that is still to come`
  throw new VerifyError('verify/file', message)
}

async function rebuild(call: Call, subject: Subject, verified: VerifiedRelease): Promise<Link> {
  const [sources, archive] = ['sources', 'archive'].map(name => {
    const typed = textOption(call, name)
    return typed === undefined ? undefined : resolve(call.world.directory, typed)
  })
  const { evidence, fleet } = subject
  const scratch = await mkdtemp(join(tmpdir(), 'steadfleet-inputs-'))
  const own = archive ?? (fleet && join(fleet.home.directory, 'archive'))
  const inputs = anyOf([
    ...(own ? [archivedInputs(own)] : []),
    ...(fleet ? [fetchedInputs(fleet.client, scratch)] : []),
  ])
  const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
  try {
    return await progress.task(
      `rebuild ${evidence.release}`,
      say =>
        verifyRebuild(evidence, verified, {
          ...(sources !== undefined && { sources }),
          inputs,
          onProgress: ({ step, what }) => say(`${step} ${what}`),
        }),
      () => 'the same',
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** What a broken link means to a program that asked; a link that is not here broke the first row. */
const exitOfLink: Readonly<Partial<Record<LinkName | 'catalogue', number>>> = {
  log: exits.unlogged,
  provenance: exits.unbuilt,
  inputs: exits.unbuilt,
  rebuild: exits.different,
}

function tellBroken(
  call: Call,
  { evidence }: Subject,
  links: readonly Link[],
  error: unknown,
): unknown {
  if (!(error instanceof CodedError)) return error
  const broken = brokenLink(links)
  const { code, message, details } = error
  const { release } = evidence
  const answer = {
    release,
    verified: false,
    links: links.map(toAnswer),
    broken,
    code,
    message,
    details,
  }
  call.output.answer(answer, () => [toBrokenWords(broken, message), ...pathsIn(details)].join('\n'))
  // What could not be rebuilt at all says nothing against the release.
  if (broken === 'rebuild' && code !== 'verify/rebuild') return error
  return new OwnExit(exitOfLink[broken] ?? exits.unsigned, error)
}

/** The one after those that hold. The first four are the catalogue, which is trusted as a whole or not. */
function brokenLink(links: readonly Link[]): LinkName | 'catalogue' {
  const last = links.at(-1)
  if (last === undefined) return 'catalogue'
  // Not every publisher has bins; what is wrong with one breaks the catalogue before any link is told.
  const after = linkNames.slice(linkNames.indexOf(last.name) + 1)
  return after.find(name => name !== 'bin') ?? 'rebuild'
}

function pathsIn({ paths }: CodedError['details']): string[] {
  return Array.isArray(paths) ? paths.map(path => `              ${path}`) : []
}

function tellVerified(
  call: Call,
  { evidence, pins }: Subject,
  links: readonly Link[],
  file: string | undefined,
): void {
  const { release } = evidence
  const answer = {
    release,
    verified: true,
    links: links.map(toAnswer),
    ...pins,
    ...(file && { file }),
  }
  call.output.answer({ ...answer, log: pins.log ?? null }, () =>
    [
      `${release} is verified`,
      ...(file
        ? [
            `its evidence is in ${file}; anywhere else:`,
            `  steadfleet verify ${file} --root ${pins.root} --log ${pins.log}`,
          ]
        : []),
    ].join('\n'),
  )
}

function toAnswer({ name, facts }: Link): object {
  return { link: name, ...facts }
}
