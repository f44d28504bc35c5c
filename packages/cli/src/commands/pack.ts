import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { homeDirectory } from '../fleet/home.ts'
import { ownArchitecture, parseArchitecture } from '../machine.ts'
import { toSize } from '../output.ts'
import { type PackResult, pack as packTree, readManifest, writePacked } from '../pack/index.ts'
import { openProgress } from '../progress.ts'
import { builder } from '../publish/builder.ts'
import { manifestAt } from '../publish/publish.ts'

/** `steadfleet pack DIR` */
export const pack: CommandSpec = {
  name: 'pack',
  takes: [{ name: '<dir>', what: 'the folder of a package, or its manifest' }],
  summary: 'Make a release from a package: tree, record, SBOM and provenance; nothing is sent.',
  options: [
    { flags: '--revision <number>', what: 'the revision it shall be', otherwise: '1' },
    { flags: '--architecture <name>', what: 'amd64 or arm64; this machine’s otherwise' },
    { flags: '--out <file>', what: 'write the bundle, with every object, here' },
  ],
  examples: [
    'pack examples/greenhouse',
    'pack examples/greenhouse --revision 2 --out greenhouse-2.bundle --json',
  ],
  async run(call) {
    const typed = textOption(call, 'architecture')
    const cache = join(homeDirectory(call.world, textOption(call, 'dir')), 'cache')
    await mkdir(cache, { recursive: true })
    const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
    const directory = resolve(call.world.directory, argument(call, 0))
    const declared = await readManifest(manifestAt(directory))
    const packed = await progress.task(
      `pack ${declared.manifest.publisher}/${declared.manifest.name}`,
      say =>
        packTree({
          declared,
          architecture: typed === undefined ? ownArchitecture() : parseArchitecture(typed),
          revision: wholeNumber(textOption(call, 'revision') ?? '1', 'a revision'),
          cache,
          builder,
          onProgress: ({ step, what }) => say(`${step} ${what}`),
        }),
      ({ tree, size }) => `${tree.entries.length} entries, ${toSize(size)}`,
    )
    const out = textOption(call, 'out')
    const bundle = out && (await writePacked(packed, resolve(call.world.directory, out)))
    call.output.answer({ ...toAnswer(packed), ...(bundle && { bundle }) }, () => toText(packed))
  },
}

function toAnswer(packed: PackResult): object {
  const { path, recordDigest, treeDigest, size, footprint, objects, release } = packed
  return {
    path,
    record: recordDigest,
    tree: treeDigest,
    sbom: release.sbom.digest,
    provenance: release.provenance.digest,
    size,
    footprint,
    objects: objects.size,
  }
}

function toText(packed: PackResult): string {
  return [
    packed.path,
    `tree        ${packed.treeDigest}`,
    `record      ${packed.recordDigest}`,
    `sbom        ${packed.release.sbom.digest}`,
    `provenance  ${packed.release.provenance.digest}`,
    `size        ${toSize(packed.size)} in ${packed.objects.size} objects`,
  ].join('\n')
}
