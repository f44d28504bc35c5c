import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { gatewayTable } from '@steadfleet/confine/mud'
import { GatewayError } from './error.ts'

/** An element of a set, as the kernel tells it. */
export interface SetElement {
  /** A concatenation is joined by spaces; an entry of a map is `key : value`. */
  readonly text: string
  readonly seconds?: number
  readonly packets?: number
}

/** What a gateway asks of the machine that it runs on. */
export interface Kernel {
  /** Loads a script of nftables, whole or not at all. Error: `gateway/rules`. */
  load(script: string): Promise<void>
  /** The gateway’s sets by name; empty where there is no table yet. */
  sets(): Promise<ReadonlyMap<string, readonly SetElement[]>>
  /** One map of it, as {@link sets} gives a set. */
  map(name: string): Promise<readonly SetElement[]>
  /** Packets that each named counter counted. */
  counters(): Promise<ReadonlyMap<string, number>>
  card(name: string): Promise<Card>
  /** Has what a bridge forwards judged as what is routed. Error: `gateway/kernel`. */
  watchBridge(): Promise<void>
}

export interface Card {
  readonly isBridge: boolean
  readonly addresses: readonly string[]
  readonly networks: readonly string[]
}

const table = ['table', 'inet', gatewayTable]
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

export const linux: Kernel = {
  async load(script) {
    await nft(['-f', '-'], script)
  },
  async sets() {
    const found = await listed(['list', 'sets', ...table])
    return new Map(found.flatMap(one => (one.set ? [[one.set.name, elementsOf(one.set)]] : [])))
  },
  async map(name) {
    const found = await listed(['list', 'map', 'inet', gatewayTable, name])
    return found.flatMap(one => (one.map ? elementsOf(one.map) : []))
  },
  async counters() {
    const found = await listed(['list', 'counters', ...table])
    return new Map(
      found.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    )
  },
  async card(name) {
    const all = networkInterfaces()[name] ?? []
    const link = JSON.parse(await command('ip', ['-j', '-d', 'link', 'show', 'dev', name]))
    return {
      isBridge: link[0]?.linkinfo?.info_kind === 'bridge',
      addresses: all.map(({ address }) => address),
      networks: all.flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
    }
  },
  async watchBridge() {
    for (const [name, value] of bridgeSettings) {
      const path = `/proc/sys/net/bridge/${name}`
      const now = await readFile(path, 'utf8').catch(() => undefined)
      if (now === undefined) throw noBridge(path)
      if (now.trim() !== value) await writeFile(path, value)
    }
  },
}

const bridgeSettings = [
  ['bridge-nf-call-iptables', '1'],
  ['bridge-nf-call-ip6tables', '1'],
] as const

function noBridge(path: string): GatewayError {
  const message = `cannot judge what the bridge forwards: the kernel has no ${path}`
  return new GatewayError('gateway/kernel', message, { hint: 'load the module br_netfilter' })
}

interface Listed {
  readonly set?: NamedSet
  readonly map?: NamedSet
  readonly counter?: { readonly name: string; readonly packets: number }
}
interface NamedSet {
  readonly name: string
  readonly elem?: readonly unknown[]
}

async function listed(words: readonly string[]): Promise<readonly Listed[]> {
  try {
    return JSON.parse(await nft(['-j', ...words])).nftables
  } catch (error) {
    if (error instanceof GatewayError && /No such file/.test(error.message)) return []
    throw error
  }
}

function elementsOf({ elem = [] }: NamedSet): SetElement[] {
  return elem.map(one => (Array.isArray(one) ? entryOf(one) : elementOf(one)))
}

function entryOf([key, value]: readonly unknown[]): SetElement {
  const element = elementOf(key)
  const mark = typeof value === 'number' ? `0x${value.toString(16).padStart(8, '0')}` : `${value}`
  return { ...element, text: `${element.text} : ${mark}` }
}

interface TimedElement {
  readonly val: unknown
  readonly expires?: number
  readonly counter?: { readonly packets: number }
}

function elementOf(one: unknown): SetElement {
  if (typeof one !== 'object' || one === null) return { text: `${one}` }
  if (!('elem' in one)) return { text: plainText(one) }
  const { val, expires, counter } = one.elem as TimedElement
  return {
    text: plainText(val),
    ...(expires !== undefined && { seconds: expires }),
    ...(counter !== undefined && { packets: counter.packets }),
  }
}

function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${value}`
  return 'concat' in value && Array.isArray(value.concat) ? value.concat.join(' ') : ''
}

function nft(words: readonly string[], input?: string): Promise<string> {
  return command('nft', words, input)
}

/** Runs a program itself, without a shell; what it loads comes by its standard input. */
function command(program: string, words: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: environment, timeout: 60_000, maxBuffer: 256 * 1024 * 1024 }
    const child = execFile(program, [...words], options, (error, out, said) => {
      if (error) reject(refusal(program, error, `${said}`))
      else resolve(`${out}`)
    })
    // It may end before it has read all: then how it ended says why.
    child.stdin?.on('error', () => undefined).end(input)
  })
}

function refusal(program: string, error: Error & { code?: unknown }, said: string): GatewayError {
  if (error.code === 'ENOENT') {
    const hint = program === 'nft' ? 'install the package nftables' : 'install the package iproute2'
    const message = `cannot enforce anything: there is no ${program}`
    return new GatewayError('gateway/kernel', message, { hint })
  }
  const line = said.split('\n').find(one => /rror|not exist|Cannot/.test(one)) ?? error.message
  const why = line.replace(/^.*Error: /, '').slice(0, 200)
  const code = program === 'nft' ? 'gateway/rules' : 'gateway/kernel'
  return new GatewayError(code, `cannot ask ${program}: ${why}`)
}
