/**
 * A TUF client for any repository, over what `trust` gives every device: the command line that the
 * public conformance suite drives.
 *
 *     tuf-client --metadata-dir D init ROOT
 *     tuf-client --metadata-dir D --metadata-url U refresh
 *     tuf-client --metadata-dir D --metadata-url U --target-name T [--target-name T]...
 *                --target-base-url B --target-dir X download
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CodedError, digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import {
  type Catalogue,
  type CatalogueStore,
  type Fetcher,
  refreshCatalogue,
  refuseOtherFile,
  type TargetFile,
  TrustError,
} from '@steadfleet/trust'

/** A repository that says nothing for so long is given up. */
const idleMilliseconds = 30_000

/** Kept beside the metadata and not among it: what `init` was given is never forgotten. */
const firstRootFile = 'first-root'

interface Options {
  readonly 'metadata-dir': string
  readonly 'metadata-url': string
  readonly 'target-name': readonly string[]
  readonly 'target-base-url': string
  readonly 'target-dir': string
}

const commands: Readonly<Record<string, (options: Options, root?: string) => Promise<void>>> = {
  async init({ 'metadata-dir': folder }, root = '') {
    await mkdir(folder, { recursive: true })
    const bytes = await readFile(root)
    for (const name of [firstRootFile, 'root.json']) await replaceFile(join(folder, name), bytes)
  },

  async refresh(options) {
    await refresh(options)
  },

  async download(options) {
    const catalogue = await refresh(options)
    for (const name of options['target-name']) await download(catalogue, name, options)
  },
}

async function refresh(options: Options): Promise<Catalogue> {
  const folder = options['metadata-dir']
  const first = new Uint8Array(await readFile(join(folder, firstRootFile)))
  return refreshCatalogue({
    store: folderStore(folder),
    fetcher: httpFetcher(options['metadata-url']),
    now: new Date(),
    firstRoot: digestOf(first),
    firstRootFile: first,
  })
}

async function download(catalogue: Catalogue, name: string, options: Options): Promise<void> {
  const target = await catalogue.lookUp(name)
  if (target === undefined) {
    throw new TrustError('trust/not-published', `cannot find ${name}: no role names it`, { name })
  }
  const file = join(options['target-dir'], localName(name))
  if (await isThere(file, target)) return
  const path = target.file.split('/').map(toSegment).join('/')
  const bytes = await httpFetcher(options['target-base-url']).fetch(path, target.length)
  if (bytes === undefined) throw new TrustError('trust/missing-metadata', `cannot find ${path}`)
  refuseOtherFile(name, target, bytes)
  await mkdir(options['target-dir'], { recursive: true })
  await replaceFile(file, bytes)
}

/** Whether the target was downloaded before, byte for byte. */
async function isThere(file: string, target: TargetFile): Promise<boolean> {
  const held = await readIfThere(file)
  try {
    if (held) refuseOtherFile(file, target, held)
    return held !== undefined
  } catch (error) {
    // The second way is the network: the target has changed since.
    if (error instanceof TrustError) return false
    throw error
  }
}

/** One file for each target path, however odd: percent-encoded, or named by digest where too long. */
function localName(path: string): string {
  const name = encodeURIComponent(path).replace(/^\.+/, dots => '%2E'.repeat(dots.length))
  return name.length <= 200 ? name : toHexDigest(digestOf(toUtf8(path)))
}

/** A segment of a path, with what RFC 3986 §3.3 lets stand in one left as it is. */
function toSegment(text: string): string {
  return encodeURIComponent(text).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent)
}

/**
 * Metadata as plain files, which is what the suite looks at. Each is replaced whole, in the order
 * given; a device's own store commits them together.
 */
function folderStore(folder: string): CatalogueStore {
  const pathOf = (name: string): string => join(folder, name.startsWith('@') ? firstRootFile : name)
  return {
    read: name => readIfThere(pathOf(name)),
    commit: async files => {
      for (const [name, bytes] of files) {
        if (bytes.length === 0) await rm(pathOf(name), { force: true })
        else await replaceFile(pathOf(name), bytes)
      }
    },
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}

function httpFetcher(base: string): Fetcher {
  const { hostname: host, port, pathname } = new URL(base)
  const hostname = host.replace(/^\[|\]$/g, '') // RFC 3986 §3.2.2
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`
  return {
    async fetch(file, limit) {
      // As a path and no URL: a parser of URLs would take the `..` of a target's path for a step up.
      const reply = await request({ hostname, port, path: `${folder}${file}` })
      const status = reply.statusCode ?? 0
      if (status === 200) return bodyOf(reply, file, limit)
      reply.destroy()
      if (status === 404 || status === 403) return undefined
      throw new TrustError('trust/missing-metadata', `cannot fetch ${file}: status ${status}`)
    },
  }
}

async function bodyOf(reply: IncomingMessage, file: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of reply as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > limit) {
      throw new TrustError('trust/endless-data', `cannot take ${file}: over ${limit} bytes`)
    }
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function request(place: {
  hostname: string
  port: string
  path: string
}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = get({ ...place, agent: false, timeout: idleMilliseconds }, resolve)
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error(`cannot fetch ${place.path}: no answer`)))
  })
}

const text = { type: 'string', default: '' } as const
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'metadata-dir': text,
    'metadata-url': text,
    'target-name': { type: 'string', multiple: true, default: [] },
    'target-base-url': text,
    'target-dir': text,
  },
})
const [name = '', root] = positionals
try {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new Error('cannot run: say init, refresh or download')
  await command(values, root)
} catch (error) {
  const code = error instanceof CodedError ? `  [${error.code}]` : ''
  console.error(`error: ${error instanceof Error ? error.message : error}${code}`)
  process.exitCode = 1
}
