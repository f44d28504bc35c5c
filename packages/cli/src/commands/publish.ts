import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { moveChannel } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { channelParams, packageParams, wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { ownArchitecture, parseArchitecture } from '../machine.ts'
import { toSize } from '../output.ts'
import { hygieneLines } from '../pack/index.ts'
import { openProgress } from '../progress.ts'
import { type Published, publishPackage } from '../publish/publish.ts'
import { publishBundle } from '../publish/publish-bundle.ts'
import type { DraftedRole } from '../publish/put-role.ts'
import { buildChoices, buildOptions } from './build-options.ts'
import { draftedLines, roleSigning, roleSigningOptions } from './role-signing.ts'

/** `steadfleet publish DIR` */
export const publish: CommandSpec = {
  name: 'publish',
  takes: [
    { name: '<dir>', what: 'the folder of a package, its manifest, or a .bundle of pack --out' },
  ],
  summary: 'Pack a package, send what the server lacks, and sign it with the publisher’s own key.',
  options: [
    { flags: '--channel <channel>', what: 'point this channel at it, as latest/stable' },
    { flags: '--catalogue <name>', what: 'publish in this catalogue of yours' },
    { flags: '--revision <number>', what: 'the revision it shall be; the next one otherwise' },
    {
      flags: '--architecture <name>',
      what: 'amd64 or arm64; this machine’s otherwise',
      repeats: true,
    },
    ...buildOptions,
    ...roleSigningOptions,
  ],
  examples: [
    'publish examples/greenhouse --channel latest/stable',
    'publish examples/greenhouse --revision 7 --architecture amd64 --json',
    'publish examples/greenhouse --locked --with-inputs',
    'publish greenhouse-2.bundle',
    'publish examples/greenhouse --key publisher-acme --key /media/stick/bob.pem',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
    const published = await progress.task(
      `publish ${argument(call, 0)}`,
      say => publishNamed(call, fleet, say),
      describe,
    )
    const channel = textOption(call, 'channel')
    if (published.drafted) return answerDrafted(call, published, published.drafted)
    const moved = channel && (await move(fleet, published, channel))
    call.output.answer({ ...published, ...(moved && { moved }) }, () =>
      [
        `${published.package} revision ${published.revision} is published`,
        ...findingsOf(published),
        ...(moved ? [`${channel} points at it: ${moved.rollouts.length} rollouts began`] : []),
      ].join('\n'),
    )
  },
}

/** What hygiene found, once for all architectures. */
function findingsOf({ releases }: Published): string[] {
  return [...new Set(releases.flatMap(({ hygiene = [] }) => hygieneLines(hygiene)))]
}

async function answerDrafted(call: Call, published: Published, drafted: DraftedRole) {
  const lines = await draftedLines(call, drafted)
  const channel = textOption(call, 'channel')
  const name = `${published.package} revision ${published.revision}`
  call.output.answer(published, () =>
    [
      `${name} is not published yet`,
      ...lines,
      ...(channel === undefined ? [] : [`  ${channel} does not point at it`]),
    ].join('\n'),
  )
}

async function publishNamed(
  call: Call,
  fleet: Fleet,
  say: (line: string) => void,
): Promise<Published> {
  const publication = { ...(await publicationOf(call, fleet)), say }
  if (!publication.path.endsWith('.bundle')) return publishPackage(fleet, publication)
  refuseBuildOptions(call)
  return publishBundle(fleet, publication)
}

/** What a bundle holds was decided when it was packed. */
function refuseBuildOptions({ options }: Call): void {
  const decided = ['revision', 'floor', 'architecture', 'locked', 'builderKey', 'builderId']
  const given = decided.find(name => options[name] !== undefined)
  if (given === undefined) return
  const message = `cannot change ${given} of a bundle: it was decided when it was packed`
  throw new CliError('cli/usage', message)
}

async function publicationOf(
  call: Call,
  { home }: Fleet,
): Promise<Omit<Parameters<typeof publishPackage>[1], 'say'>> {
  const cache = join(home.directory, 'cache')
  await mkdir(cache, { recursive: true })
  const revision = textOption(call, 'revision')
  const catalogue = textOption(call, 'catalogue')
  const typed = listOption(call, 'architecture')
  return {
    path: resolve(call.world.directory, argument(call, 0)),
    architectures: typed.length === 0 ? [ownArchitecture()] : typed.map(parseArchitecture),
    ...(revision !== undefined && { revision: wholeNumber(revision, 'a revision') }),
    ...(catalogue !== undefined && { catalogue }),
    cache,
    ...buildChoices(call, home.directory),
    ...(await roleSigning(call)),
    now: call.world.now(),
  }
}

function move({ client }: Fleet, { package: name, revision }: Published, channel: string) {
  const params = { ...packageParams(name), ...channelParams(channel) }
  return client.call(moveChannel, { params, body: { revision } })
}

function describe({ revision, releases }: Published): string {
  const sent = releases.reduce((sum, { uploaded }) => sum + uploaded.sent, 0)
  const whole = releases.reduce((sum, { footprint }) => sum + footprint, 0)
  return `revision ${revision}, sent ${toSize(sent)} for ${toSize(whole)}`
}
