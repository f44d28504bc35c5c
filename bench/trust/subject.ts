import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Verifies a catalogue from nothing, in a process of its own, and prints what it cost. */
const [who = '', origin = '', firstRoot = '', path = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
const agent = new Agent({ keepAlive: true })
const rootFile = (await fetched('1.root.json')) ?? new Uint8Array()

type Find = () => Promise<string | undefined>

/** Each is loaded before the clock starts, keeps what it trusts on the disk, and yields a digest. */
const clients: Readonly<Record<string, () => Promise<Find>>> = {
  async ours() {
    const { parseDigest } = await import('@steadfleet/base')
    const { refreshCatalogue } = await import('@steadfleet/trust')
    const { CatalogueFiles } = await import('../../packages/agent/src/trust/catalogue-files.ts')
    return async () => {
      const options = { store: new CatalogueFiles(folder), fetcher: { fetch: fetched } }
      const first = { firstRoot: parseDigest(firstRoot), firstRootFile: rootFile }
      const catalogue = await refreshCatalogue({ ...options, ...first, now: new Date() })
      return (await catalogue.find(path))?.digest
    }
  },
  async 'tuf-js'() {
    const { Updater } = await import('tuf-js')
    return async () => {
      writeFileSync(join(folder, 'root.json'), rootFile)
      const config = { targetsMaxLength: 64_000_000, snapshotMaxLength: 64_000_000 }
      const updater = new Updater({ metadataDir: folder, metadataBaseUrl: origin, config })
      return (await updater.getTargetInfo(path))?.hashes.sha256
    }
  },
}

try {
  const find = await clients[who]?.()
  const before = process.cpuUsage()
  const began = performance.now()
  const found = await find?.()
  const milliseconds = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  if (found === undefined) throw new RangeError(`cannot find ${path}`)
  const { maxRSS } = process.resourceUsage()
  console.log(JSON.stringify({ milliseconds, cpu: (user + system) / 1000, peak: maxRSS }))
} finally {
  agent.destroy()
  rmSync(folder, { recursive: true, force: true })
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
