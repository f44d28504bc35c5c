import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { type Benchmark, type Figure, medianOf, round, spreadOf } from '../figure.ts'
import { makeRepository, type Repository } from './repository.ts'

const rows: readonly { releases: number; isBinned: boolean; runs: number }[] = [
  { releases: 1, isBinned: false, runs: 5 },
  { releases: 1000, isBinned: false, runs: 5 },
  { releases: 10_000, isBinned: false, runs: 1 },
  { releases: 10_000, isBinned: true, runs: 5 },
]

/** What it costs a new device to believe one release. */
export const verifyFromNothing: Benchmark = {
  name: 'trust-verify',
  what: 'a catalogue verified from nothing, over HTTP onto the disk, beside tuf-js by turns',
  async run() {
    const figures: Figure[] = []
    for (const row of rows) figures.push(...(await compare(row)))
    return figures
  },
}

async function compare({ releases, isBinned, runs }: (typeof rows)[number]): Promise<Figure[]> {
  const repository = await makeRepository(releases, isBinned, new Date())
  await using server = await serve(repository)
  const cost: Record<'ours' | 'tuf-js', Cost[]> = { ours: [], 'tuf-js': [] }
  for (let i = 0; i < runs; i += 1) {
    for (const who of ['ours', 'tuf-js'] as const) {
      const before = server.sent()
      const measured = await measure(who, server.origin, repository)
      cost[who].push({ ...measured, bytes: server.sent() - before })
    }
  }
  const where = `${releases} ${isBinned ? 'in bins' : 'in one role'}`
  const median = (who: keyof typeof cost, what: keyof Cost) =>
    medianOf(cost[who].map(one => one[what]))
  const figures = (['ours', 'tuf-js'] as const).map(who => ({
    name: `${where}, ${who}`,
    value: median(who, 'milliseconds'),
    unit: 'ms',
    facts: {
      ...spreadOf(cost[who].map(one => one.milliseconds)),
      'cpu ms': median(who, 'cpu'),
      bytes: median(who, 'bytes'),
      'peak KiB': median(who, 'peak'),
    },
  }))
  const ratios = (['milliseconds', 'cpu'] as const).map(what => ({
    name: `${where}, times ${what === 'cpu' ? 'less CPU' : 'faster'}`,
    value: round(median('tuf-js', what) / median('ours', what)),
    unit: '×',
    facts: { runs },
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
  who: string,
  origin: string,
  { firstRoot, path }: Repository,
): Promise<Cost> {
  const subject = new URL('subject.ts', import.meta.url).pathname
  const words = [subject, who, origin, firstRoot, path]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  return JSON.parse(stdout)
}

/** Plain files, as any server has them; counts the bytes of their content that went out. */
async function serve({ files }: Repository) {
  let sent = 0
  const server = createServer((request, reply) => {
    const file = files.get((request.url ?? '').slice(1))
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
