import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestOf } from '@steadfleet/base'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { homeDirectory } from '../fleet/home.ts'
import { passphraseOf } from '../fleet/open.ts'
import { readSigner } from '../keys/key-file.ts'
import { openPassphrase } from '../keys/passphrase.ts'
import { ownArchitecture, parseArchitecture } from '../machine.ts'
import { toSize } from '../output.ts'
import {
  type DeclaredPackage,
  hygieneLines,
  type PackResult,
  readManifest,
  sizeInPacked,
  writeLock,
  writePacked,
} from '../pack/index.ts'
import { openProgress } from '../progress.ts'
import { type BuildChoices, build } from '../publish/build.ts'
import { type Builder, makeBuilder } from '../publish/builder.ts'
import { manifestAt } from '../publish/publish.ts'
import { buildChoices, buildOptions } from './build-options.ts'

/** `steadfleet pack DIR` */
export const pack: CommandSpec = {
  name: 'pack',
  takes: [{ name: '<dir>', what: 'the folder of a package, or its manifest' }],
  summary: 'Make a release from a package: tree, record, SBOM and provenance; nothing is sent.',
  options: [
    { flags: '--revision <number>', what: 'the revision it shall be', otherwise: '1' },
    { flags: '--architecture <name>', what: 'amd64 or arm64; this machine’s otherwise' },
    {
      flags: '--out <file>',
      what: 'write the bundle, with every object, here, and its MUD file beside it',
    },
    ...buildOptions,
    { flags: '--no-lock', what: 'leave steadfleet.lock as it is' },
    { flags: '--before <bundle>', what: 'the revision before: is the tree much larger?' },
  ],
  examples: [
    'pack examples/greenhouse',
    'pack examples/greenhouse --revision 2 --out greenhouse-2.bundle --json',
    'pack examples/greenhouse --strict --before greenhouse-1.bundle',
    'pack examples/greenhouse --locked --builder-key ci.pem --builder-id https://ci.example/acme',
  ],
  async run(call) {
    const declared = await readManifest(
      manifestAt(resolve(call.world.directory, argument(call, 0))),
    )
    const home = homeDirectory(call.world, textOption(call, 'dir'))
    const choices = buildChoices(call, home)
    const packed = await packAs(call, declared, home, choices)
    const isWritten = call.options.lock !== false && choices.isLocked !== true
    const lock = isWritten && (await writeLock(declared, packed.lock))
    const out = textOption(call, 'out')
    const bundle = out && (await writePacked(packed, resolve(call.world.directory, out)))
    if (out) await writeFile(resolve(call.world.directory, mudFileOf(out)), packed.mud)
    const more = { ...(lock && { lock }), ...(bundle && { bundle }) }
    call.output.answer({ ...toAnswer(packed), ...more }, () => toText(packed))
  },
}

/** Where the MUD file lies: beside the bundle. */
function mudFileOf(bundle: string): string {
  return `${bundle.replace(/\.bundle$/, '')}.mud.json`
}

async function packAs(
  call: Call,
  declared: DeclaredPackage,
  home: string,
  choices: BuildChoices,
): Promise<PackResult> {
  const typed = textOption(call, 'architecture')
  const cache = join(home, 'cache')
  await mkdir(cache, { recursive: true })
  const builder = await builderOf(call, home, choices)
  const before = textOption(call, 'before')
  const sizeBefore = before && (await sizeInPacked(resolve(call.world.directory, before)))
  const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
  return progress.task(
    `pack ${declared.manifest.publisher}/${declared.manifest.name}`,
    say => {
      const options = {
        declared,
        architecture: typed === undefined ? ownArchitecture() : parseArchitecture(typed),
        revision: wholeNumber(textOption(call, 'revision') ?? '1', 'a revision'),
        cache,
        ...builder,
        ...(typeof sizeBefore === 'number' && { sizeBefore }),
        onProgress: ({ step, what }: { step: string; what: string }) => say(`${step} ${what}`),
      }
      return build(options, choices)
    },
    ({ tree, size }) => `${tree.entries.length} entries, ${toSize(size)}`,
  )
}

/** The key that was named, else the one of the fleet's folder; where neither is, nobody signs. */
async function builderOf(call: Call, home: string, { builder }: BuildChoices): Promise<Builder> {
  const own = join(home, 'offline', 'builder.pem')
  const file = builder?.key ?? (existsSync(own) ? own : undefined)
  const key = file && (await readSigner(file, openPassphrase(passphraseOf(call))))
  return makeBuilder(builder?.id, key || undefined)
}

function toAnswer(packed: PackResult): object {
  const { path, recordDigest, treeDigest, size, footprint, objects, release } = packed
  return {
    path,
    record: recordDigest,
    tree: treeDigest,
    sbom: release.sbom.digest,
    provenance: release.provenance.digest,
    mud: digestOf(packed.mud),
    hygieneRecord: digestOf(packed.hygieneRecord),
    size,
    footprint,
    objects: objects.size,
    unpacked: packed.unpacked,
    hygiene: packed.hygiene,
  }
}

function toText(packed: PackResult): string {
  return [
    packed.path,
    `tree        ${packed.treeDigest}`,
    `record      ${packed.recordDigest}`,
    `sbom        ${packed.release.sbom.digest}`,
    `provenance  ${packed.release.provenance.digest}`,
    `mud         ${digestOf(packed.mud)}`,
    `size        ${toSize(packed.size)} in ${packed.objects.size} objects`,
    ...(packed.unpacked > 0 ? [`unpacked    ${packed.unpacked} files, as the manifest asks`] : []),
    ...hygieneLines(packed.hygiene),
  ].join('\n')
}
