import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CatalogueStore } from '@steadfleet/trust'

/** Verifies a catalogue from nothing, in a process of its own, and prints what it cost. */
const [who = '', way = '', origin = '', firstRoot = '', path = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
const agent = new Agent({ keepAlive: true })
const rootFile = (await fetched('1.root.json')) ?? new Uint8Array()
const isAlone = way === 'alone'
const inMemory = isAlone ? await everyFile() : new Map<string, Uint8Array>()

type Find = (folder: string) => Promise<string | undefined>

/** Each is loaded before the clock starts, begins from the first root alone, and yields a digest. */
const clients: Readonly<Record<string, () => Promise<Find>>> = {
  async ours() {
    const { parseDigest } = await import('@steadfleet/base')
    const { refreshCatalogue } = await import('@steadfleet/trust')
    const { CatalogueFiles } = await import('../../packages/agent/src/trust/catalogue-files.ts')
    const { gathering } = await import('../../packages/agent/src/trust/gathering.ts')
    const { pretendStore } = await import('@steadfleet/authority/testing')
    const fetch = isAlone ? async (file: string) => inMemory.get(file) : fetched
    return async place => {
      const files = timedStore(isAlone ? pretendStore() : new CatalogueFiles(place))
      const store = gathering(files)
      const first = { firstRoot: parseDigest(firstRoot), firstRootFile: rootFile }
      const fetcher = { fetch: (file: string) => timed('fetching', () => fetch(file)) }
      const catalogue = await refreshCatalogue({ store, fetcher, ...first, now: new Date() })
      const found = await catalogue.find(path)
      await store.keep()
      return found?.digest
    }
  },
  'tuf-js': tufJs,
  async 'tuf-js, synced'() {
    const find = await tufJs()
    return async place => {
      const found = await find(place)
      const files = await readdir(place)
      await Promise.all(files.map(file => sync(join(place, file))))
      await sync(place)
      return found
    }
  },
}

async function tufJs(): Promise<Find> {
  const { Updater } = await import('tuf-js')
  const own = isAlone ? { fetcher: await memoryFetcher() } : {}
  return async place => {
    writeFileSync(join(place, 'root.json'), rootFile)
    const config = { targetsMaxLength: 64_000_000, snapshotMaxLength: 64_000_000 }
    const updater = new Updater({ metadataDir: place, metadataBaseUrl: origin, config, ...own })
    return (await updater.getTargetInfo(path))?.hashes.sha256
  }
}

/** Where the time of ours goes; what is left is verification. */
const spent = { fetching: 0, keeping: 0 }

async function timed<T>(what: keyof typeof spent, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  try {
    return await work()
  } finally {
    spent[what] += performance.now() - began
  }
}

function timedStore(store: CatalogueStore): CatalogueStore {
  return {
    read: name => timed('keeping', () => store.read(name)),
    commit: files => timed('keeping', () => store.commit(files)),
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path)
  await file.sync()
  await file.close()
}

try {
  const find = await clients[who]?.()
  if (way === 'again') await find?.(mkdtempSync(join(folder, 'before-')))
  const place = mkdtempSync(join(folder, 'measured-'))
  Object.assign(spent, { fetching: 0, keeping: 0 })
  const before = process.cpuUsage()
  const began = performance.now()
  const found = await find?.(place)
  const milliseconds = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  if (found === undefined) throw new RangeError(`cannot find ${path}`)
  const { maxRSS } = process.resourceUsage()
  const verifying = milliseconds - spent.fetching - spent.keeping
  const cost = { milliseconds, cpu: (user + system) / 1000, peak: maxRSS }
  console.log(JSON.stringify({ ...cost, ...spent, verifying }))
} finally {
  agent.destroy()
  rmSync(folder, { recursive: true, force: true })
}

async function everyFile(): Promise<Map<string, Uint8Array>> {
  const names: string[] = JSON.parse(Buffer.from((await fetched('')) ?? []).toString())
  const files = new Map<string, Uint8Array>()
  for (const name of names) files.set(name, (await fetched(name)) ?? new Uint8Array())
  return files
}

/** What tuf-js asks instead of its own client; a file that is not there is a 404 to it. */
async function memoryFetcher() {
  const { BaseFetcher } = await import('tuf-js')
  const { DownloadHTTPError } = await import('tuf-js/dist/error.js')
  return new (class extends BaseFetcher {
    override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
      const bytes = inMemory.get(new URL(url).pathname.slice(1))
      if (bytes) return new Blob([new Uint8Array(bytes)]).stream()
      throw new DownloadHTTPError(`cannot find ${url}`, 404)
    }
  })()
}

/** By Node's own client, as the agent does it. */
async function fetched(file: string): Promise<Uint8Array | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  get(`${origin}/${file}`, { agent }, resolve).on('error', reject)
  const reply = await promise
  const chunks: Uint8Array[] = []
  for await (const chunk of reply) chunks.push(chunk)
  return reply.statusCode === 200 ? new Uint8Array(Buffer.concat(chunks)) : undefined
}
