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

const clients = ['ours', 'tuf-js'] as const

async function compare({ releases, isBinned, runs, of }: (typeof rows)[number]): Promise<Figure[]> {
  const repository = await makeRepository(releases, isBinned, new Date())
  await using server = await serve(repository)
  const where = `${releases} ${isBinned ? 'in bins' : 'in one role'}`
  const figures: Figure[] = []
  for (const way of of) {
    const costs: Costs = { ours: [], 'tuf-js': [] }
    for (let i = 0; i < runs; i += 1) {
      for (const who of clients) {
        const before = server.sent()
        const measured = await measure([who, way, server.origin], repository)
        costs[who].push({ ...measured, bytes: server.sent() - before })
      }
    }
    figures.push(...toFigures(way === 'wire' ? where : `${where}, ${way}`, ways[way], costs))
  }
  return figures
}

type Costs = Readonly<Record<(typeof clients)[number], Cost[]>>

function toFigures(where: string, way: string, costs: Costs): Figure[] {
  const median = (who: keyof Costs, what: keyof Cost) => medianOf(costs[who].map(one => one[what]))
  const figures = clients.map(who => ({
    name: `${where}, ${who}`,
    value: median(who, 'milliseconds'),
    unit: 'ms',
    facts: {
      way,
      ...spreadOf(costs[who].map(one => one.milliseconds)),
      'cpu ms': median(who, 'cpu'),
      ...(way === ways.wire && { bytes: median(who, 'bytes') }),
      'peak KiB': median(who, 'peak'),
    },
  }))
  const ratios = (['milliseconds', 'cpu'] as const).map(what => ({
    name: `${where}, times ${what === 'cpu' ? 'less CPU' : 'faster'}`,
    value: round(median('tuf-js', what) / median('ours', what)),
    unit: '×',
    facts: { way, runs: costs.ours.length },
  }))
  return [...figures, ...ratios]
}

interface Cost {
  readonly milliseconds: number
  readonly cpu: number
  readonly peak: number
  readonly bytes: number
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
