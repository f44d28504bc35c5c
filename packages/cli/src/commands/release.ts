import { parsePackageName } from '@steadfleet/domain'
import { listReleases, type ReleaseView } from '@steadfleet/protocol'
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
    const all = await releasesOf(await openFleet(call), named)
    const found = all.filter(release => release.revision === revision)
    if (found.length === 0) {
      const message = `cannot show ${named} revision ${revision}: it was not published`
      throw new CliError('cli/not-found', message, { package: named, revision })
    }
    call.output.answer(found, () => found.map(toText).join('\n\n'))
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

function toText(release: ReleaseView): string {
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
  ].join('\n')
}
