import { wordOf } from '@steadfleet/confine/mud'
import type { SetElement } from './kernel.ts'

/** What a device did, or what was done to it, that its file does not allow. */
export interface Denied {
  readonly mac: string
  /** `out`: it tried; `in`: somebody tried to reach it; `spoof`: it sent from an address of another. */
  readonly way: 'out' | 'in' | 'spoof'
  /** The other end; absent: several, or unknown. */
  readonly address?: string
  readonly protocol?: string
  readonly port?: number
  readonly packets: number
  readonly seconds: number
}

export interface Observation {
  readonly denied: readonly Denied[]
  /** Packets that each device tried to send in vain since the last time. */
  readonly tried: ReadonlyMap<string, number>
}

type Counters = ReadonlyMap<string, number>
type ListSets = () => Promise<ReadonlyMap<string, readonly SetElement[]>>

interface Tally {
  packets: number
  since: number
  told: number
}

const tellEvery = 60_000
const linesEach = 20

/** Makes of the kernel’s counters what an administrator reads: each thing at most once a minute. */
export class Watch {
  readonly #macs: readonly string[]
  #counters: Counters = new Map()
  #elements: Map<string, number> = new Map()
  readonly #tallies = new Map<string, Tally & Pick<Denied, 'mac' | 'way'>>()

  constructor(macs: readonly string[]) {
    this.#macs = macs
  }

  async observe(counters: Counters, listSets: ListSets, now: number): Promise<Observation> {
    const grown = new Map<string, number>()
    for (const [name, packets] of counters) {
      const more = since(this.#counters.get(name), packets)
      if (more > 0) grown.set(name, more)
    }
    this.#counters = counters
    if (grown.size > 0) this.#tally(grown, await listSets(), now)
    const tried = this.#macs.flatMap(mac => {
      const packets = grown.get(`out_${wordOf(mac)}`) ?? 0
      return packets > 0 ? [[mac, packets] as const] : []
    })
    return { denied: this.#due(now), tried: new Map(tried) }
  }

  #tally(grown: Counters, sets: ReadonlyMap<string, readonly SetElement[]>, now: number): void {
    const before = this.#elements
    this.#elements = new Map()
    for (const mac of this.#macs) {
      const word = wordOf(mac)
      for (const way of ['out', 'in'] as const) {
        const named = this.#tallyNamed(mac, way, sets, before, now)
        this.#add(mac, way, '', (grown.get(`${way}_${word}`) ?? 0) - named, now)
      }
      this.#add(mac, 'spoof', '', grown.get(`spoof_${word}`) ?? 0, now)
    }
  }

  /** What is known of by its other end; gives how many packets that were. */
  #tallyNamed(
    mac: string,
    way: 'out' | 'in',
    sets: ReadonlyMap<string, readonly SetElement[]>,
    before: Counters,
    now: number,
  ): number {
    const names = ['4', '6'].map(suffix => `${way}${suffix}_${wordOf(mac)}`)
    const elements = names.flatMap(set =>
      (sets.get(set) ?? []).map(one => ({ ...one, key: `${set} ${one.text}` })),
    )
    return elements.reduce((sum, { key, text, packets = 0 }) => {
      this.#elements.set(key, packets)
      const more = since(before.get(key), packets)
      this.#add(mac, way, text, more, now)
      return sum + more
    }, 0)
  }

  #add(mac: string, way: Denied['way'], what: string, packets: number, now: number): void {
    if (packets <= 0) return
    const own = `${mac} ${way} `
    const full = [...this.#tallies.keys()].filter(key => key.startsWith(own)).length >= linesEach
    const key = this.#tallies.has(own + what) || !full ? own + what : own
    const tally = this.#tallies.get(key) ?? { mac, way, packets: 0, since: now, told: 0 }
    tally.packets += packets
    this.#tallies.set(key, tally)
  }

  /** What is told now: at once where it is new, otherwise when a minute is over. */
  #due(now: number): Denied[] {
    const due: Denied[] = []
    for (const [key, tally] of this.#tallies) {
      if (tally.told > 0 && now - tally.told < tellEvery) continue
      const { mac, way, packets } = tally
      if (packets === 0) {
        this.#tallies.delete(key)
        continue
      }
      const seconds = Math.max(1, Math.round((now - (tally.told || tally.since)) / 1000))
      due.push({ mac, way, ...partsOf(key.slice(mac.length + way.length + 2)), packets, seconds })
      tally.packets = 0
      tally.told = now
    }
    return due
  }
}

/** A counter that is lower than before began anew with its rules. */
function since(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before
}

function partsOf(text: string): Pick<Denied, 'address' | 'protocol' | 'port'> {
  const [address, protocol, port] = text.split(' ')
  if (!address || !protocol) return {}
  return { address, protocol, ...(port !== '0' && { port: Number(port) }) }
}
