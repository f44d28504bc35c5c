import { createInterface } from 'node:readline'
import { CommonKnowledge } from './common-knowledge.ts'
import { type Phase, SimulatedDevice, type Surroundings } from './device.ts'
import { Fate } from './fate.ts'
import { parseSimulatorOptions, type SimulatorOptions } from './options.ts'
import { makeSharedTransport } from './transport.ts'

/** How often a line says how far the devices are, in milliseconds. */
const tellMs = 500

/** So many devices join at the same time. */
const joiningAtOnce = 256

await simulate()

/** Runs devices until standard input ends: options in its first line, a token for each device in the next. */
async function simulate(): Promise<void> {
  const stop = new AbortController()
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const options = parseSimulatorOptions(JSON.parse(String((await lines.next()).value)))
  const fleet = makeFleet(options, stop.signal)
  const timer = setInterval(() => fleet.tell(), tellMs)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  void (async () => {
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      await fleet.add(String(next.value))
    }
    stop.abort()
  })()
  await new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve()))
  clearInterval(timer)
  fleet.tell()
  fleet.close()
  process.exit(0)
}

function makeFleet(options: SimulatorOptions, stop: AbortSignal) {
  const transport = makeSharedTransport()
  const counts: Record<string, number> = {}
  const devices: SimulatedDevice[] = []
  let knowledge: Promise<CommonKnowledge> | undefined
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  const around: Surroundings = {
    ...{ options, transport, stop, count },
    know: (...joined) => {
      knowledge ??= CommonKnowledge.begin(...joined)
      return knowledge
    },
  }
  const joining = new Set<Promise<void>>()
  return {
    /** Lets one more device join, and waits while many are joining. */
    async add(token: string): Promise<void> {
      const index = devices.length
      const device = new SimulatedDevice(
        around,
        new Fate(options.seed, index, options.model),
        index,
        token,
      )
      devices.push(device)
      const joined = device.join(token).then(
        () => void device.live(),
        error => count(`cannot join: ${error instanceof Error ? error.message : String(error)}`),
      )
      const settled = joined.finally(() => joining.delete(settled))
      joining.add(settled)
      if (joining.size >= joiningAtOnce) await Promise.race(joining)
    },
    /** One line of JSON: how many devices are how far, and what has been counted. */
    tell(): void {
      const phases: Partial<Record<Phase, number>> = {}
      for (const { phase } of devices) phases[phase] = (phases[phase] ?? 0) + 1
      const connected = devices.filter(({ isConnected }) => isConnected).length
      const line = { devices: devices.length, connected, phases, counts }
      process.stdout.write(`${JSON.stringify(line)}\n`)
    },
    close: () => transport.close(),
  }
}
