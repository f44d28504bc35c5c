import { digestOf, parseStrictJson } from '@steadfleet/base'
import { type HygieneFinding, parseHygieneRecord, parsePackageName } from '@steadfleet/domain'
import { getObject, listReleases, type ReleaseView, readCapped } from '@steadfleet/protocol'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toSize, toTable } from '../output.ts'

/** `steadfleet release list` */
export const releaseList: CommandSpec = {
  name: 'release list',
  summary: 'List releases, newest first.',
  options: [{ flags: '--package <name>', what: 'of this package alone' }],
  examples: ['release list', 'release list --package acme/greenhouse --json'],
  async run(call) {
    const releases = await releasesOf(await openFleet(call), textOption(call, 'package'))
    call.output.answer(releases, () =>
      toTable(
        ['package', 'revision', 'version', 'for', 'size', 'published', 'channels'],
        releases.map(toRow),
        'nothing was published yet',
      ),
    )
  },
}

/** `steadfleet release show PACKAGE REVISION` */
export const releaseShow: CommandSpec = {
  name: 'release show',
  takes: [
    { name: '<package>', what: 'as PUBLISHER/NAME' },
    { name: '<revision>', what: 'a revision that was published' },
  ],
  summary: 'Show a revision: what it is made of, by digest, for each architecture.',
  examples: ['release show acme/greenhouse 2', 'release show acme/greenhouse 2 --json'],
  async run(call) {
    const named = argument(call, 0)
    const revision = wholeNumber(argument(call, 1), 'a revision')
    const fleet = await openFleet(call)
    const all = await releasesOf(fleet, named)
    const found = all.filter(release => release.revision === revision)
    if (found.length === 0) {
      const message = `cannot show ${named} revision ${revision}: it was not published`
      throw new CliError('cli/not-found', message, { package: named, revision })
    }
    const shown = await Promise.all(
      found.map(async release => ({ ...release, findings: await findingsOf(fleet, release) })),
    )
    call.output.answer(shown, () => shown.map(toText).join('\n\n'))
  },
}

function releasesOf({ client }: Fleet, named: string | undefined): Promise<ReleaseView[]> {
  return client.call(listReleases, {
    query: named === undefined ? {} : { package: parsePackageName(named) },
  })
}

function toRow(release: ReleaseView): string[] {
  const { revision, version, architecture, size, publishedAt, channels } = release
  return [
    release.package,
    String(revision),
    version,
    architecture,
    toSize(size),
    publishedAt,
    channels.join(' '),
  ]
}

interface ShownRelease extends ReleaseView {
  readonly findings: readonly HygieneFinding[]
}

/** More is no list that somebody reads. */
const longestHygiene = 32_000_000

async function findingsOf(
  { client }: Fleet,
  { hygiene }: ReleaseView,
): Promise<readonly HygieneFinding[]> {
  if (hygiene === undefined) return []
  const { digest } = hygiene
  const { body } = await client.open(getObject, { params: { digest } })
  const bytes = await readCapped('hygiene', body, Math.min(hygiene.length, longestHygiene))
  if (digestOf(bytes) !== digest) {
    const message = `cannot show the hygiene of a release: the server gave other bytes than ${digest}`
    throw new CliError('cli/refused', message, { expected: digest })
  }
  return parseHygieneRecord(parseStrictJson(bytes)).findings
}

function toText(release: ShownRelease): string {
  const { revision, version, architecture, size, tree, record, sbom, provenance } = release
  return [
    `${release.package} revision ${revision}, version ${version}, for ${architecture}`,
    `published   ${release.publishedAt}`,
    `channels    ${release.channels.join(' ') || 'none'}`,
    `size        ${toSize(size)}`,
    `tree        ${tree.digest}`,
    `record      ${record.digest}`,
    `sbom        ${sbom.digest}`,
    `provenance  ${provenance.digest}`,
    `hygiene     ${hygieneWords(release)}`,
    ...release.findings.filter(({ severity }) => severity !== 'note').map(toFindingLine),
  ].join('\n')
}

function hygieneWords({ hygiene, findings }: ShownRelease): string {
  if (hygiene === undefined) return 'not recorded when it was packed'
  if (findings.length === 0) return 'nothing was found'
  const counts = Map.groupBy(findings, ({ severity }) => severity)
  return [...counts].map(([severity, all]) => `${all.length} ${severity}`).join(', ')
}

function toFindingLine({ finding, path, severity, words, accepted }: HygieneFinding): string {
  const why = accepted === undefined ? '' : `; accepted: ${accepted}`
  return `  ${accepted === undefined ? severity : 'accepted'}  ${path}: ${words} (${finding})${why}`
}
