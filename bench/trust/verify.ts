import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { toUtf8 } from '@steadfleet/base'
import { type Benchmark, type Figure, medianOf, round, spreadOf } from '../figure.ts'
import { makeRepository, type Repository } from './repository.ts'

/** What is measured of a client, each in a new process. */
const ways = {
  wire: 'over HTTP onto the disk',
  again: 'the same, in a process that has done it once',
  alone: 'verification alone, without network and disk',
} as const
type Way = keyof typeof ways

const all: readonly Way[] = ['wire', 'again', 'alone']
const rows: readonly { releases: number; isBinned: boolean; runs: number; of: readonly Way[] }[] = [
  { releases: 1, isBinned: false, runs: 7, of: all },
  { releases: 1000, isBinned: false, runs: 7, of: all },
  { releases: 10_000, isBinned: false, runs: 1, of: ['wire'] },
  { releases: 10_000, isBinned: true, runs: 5, of: ['wire'] },
]

/** What it costs a new device to believe one release. */
export const verifyFromNothing: Benchmark = {
  name: 'trust-verify',
  what: 'a catalogue verified from nothing, beside tuf-js by turns',
  async run() {
    const figures: Figure[] = []
    for (const row of rows) figures.push(...(await compare(row)))
    return figures
  },
}

/** tuf-js syncs nothing: the last is the same with what it wrote synced at the end, for a fair second look. */
const peers = ['tuf-js', 'tuf-js, synced'] as const
const clients = ['ours', ...peers] as const
type Client = (typeof clients)[number]

/** In memory there is nothing to sync; at 10,000 in one role it would only take half a minute more. */
function clientsFor(way: Way, releases: number): readonly Client[] {
  return clients.filter(who => who !== 'tuf-js, synced' || (way !== 'alone' && releases <= 1000))
}

async function compare({ releases, isBinned, runs, of }: (typeof rows)[number]): Promise<Figure[]> {
  const repository = await makeRepository(releases, isBinned, new Date())
  await using server = await serve(repository)
  const where = `${releases} ${isBinned ? 'in bins' : 'in one role'}`
  const figures: Figure[] = []
  for (const way of of) {
    const costs = new Map(clientsFor(way, releases).map(who => [who, [] as Cost[]]))
    for (let i = 0; i < runs; i += 1) {
      for (const [who, own] of costs) {
        const before = server.sent()
        const measured = await measure([who, way, server.origin], repository)
        own.push({ ...measured, bytes: server.sent() - before })
      }
    }
    figures.push(...toFigures(way === 'wire' ? where : `${where}, ${way}`, way, costs))
  }
  return figures
}

type Costs = ReadonlyMap<Client, readonly Cost[]>

function median(costs: Costs, who: Client, what: keyof Cost): number {
  return medianOf((costs.get(who) ?? []).map(one => one[what]))
}

function toFigures(where: string, way: Way, costs: Costs): Figure[] {
  const figures = [...costs].map(([who, own]) => ({
    name: `${where}, ${who}`,
    value: median(costs, who, 'milliseconds'),
    unit: 'ms',
    facts: {
      way: ways[way],
      ...spreadOf(own.map(one => one.milliseconds)),
      'cpu ms': median(costs, who, 'cpu'),
      ...(way === 'wire' && { bytes: median(costs, who, 'bytes') }),
      'peak KiB': median(costs, who, 'peak'),
    },
  }))
  return [...figures, ...sharesOf(where, way, costs), ...ratiosOf(where, way, costs)]
}

/** Where the time of ours goes. */
function sharesOf(where: string, way: Way, costs: Costs): Figure[] {
  return (['fetching', 'verifying', 'keeping'] as const).map(what => ({
    name: `${where}, ours: ${what}`,
    value: median(costs, 'ours', what),
    unit: 'ms',
    facts: { way: ways[way] },
  }))
}

function ratiosOf(where: string, way: Way, costs: Costs): Figure[] {
  const facts = { way: ways[way] }
  return peers
    .filter(peer => costs.has(peer))
    .flatMap(peer =>
      (['milliseconds', 'cpu'] as const).map(what => ({
        name: `${where}, times ${what === 'cpu' ? 'less CPU' : 'faster'} than ${peer}`,
        value: round(median(costs, peer, what) / median(costs, 'ours', what)),
        unit: '×',
        facts,
      })),
    )
}

interface Cost {
  readonly milliseconds: number
  readonly cpu: number
  readonly peak: number
  readonly bytes: number
  readonly fetching: number
  readonly verifying: number
  readonly keeping: number
}

async function measure(
  words: readonly string[],
  { firstRoot, path }: Repository,
): Promise<Omit<Cost, 'bytes'>> {
  const subject = new URL('subject.ts', import.meta.url).pathname
  const argv = [subject, ...words, firstRoot, path]
  const { stdout } = await promisify(execFile)(process.execPath, argv)
  return JSON.parse(stdout)
}

/** Plain files, as any server has them; counts the bytes of their content that went out. */
async function serve({ files }: Repository) {
  let sent = 0
  const listed = new Map([['', toUtf8(JSON.stringify([...files.keys()]))], ...files])
  const server = createServer((request, reply) => {
    const file = listed.get((request.url ?? '').slice(1))
    sent += file?.length ?? 0
    reply.writeHead(file ? 200 : 404).end(file)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}
