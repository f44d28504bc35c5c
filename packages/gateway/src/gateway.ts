import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isCoded } from '@steadfleet/base'
import { type GatewayConfig, nameOf, parseConfig } from './config.ts'
import { GatewayError } from './error.ts'
import { deniedText, type GatewayEvent } from './events.ts'
import { type Forwarder, openForwarder } from './forwarder.ts'
import { HeldFiles } from './held-files.ts'
import type { Kernel } from './kernel.ts'
import { Names } from './names.ts'
import { localNetworks, meaningOf } from './plan.ts'
import { type Quarantined, quarantine, quarantined } from './quarantine.ts'
import { parseEndpoint, type Resolve, resolverOf } from './resolver.ts'
import { compileRules, Rules } from './rules.ts'
import { Triggers } from './triggers.ts'
import { Watch } from './watch.ts'

export interface GatewayWorld {
  readonly kernel: Kernel
  /** The configuration, and the folder that is the gateway’s own. */
  readonly config: string
  readonly state: string
  readonly now: () => Date
  readonly tell: (event: GatewayEvent) => void
}

/** Keeps the devices of a network to their MUD files, until it is closed; the rules stay. */
export class Gateway {
  readonly #world: GatewayWorld
  readonly #files: HeldFiles
  readonly #rules: Rules
  readonly #names: Names
  #config: GatewayConfig
  #cutOff: ReadonlyMap<string, Quarantined> = new Map()
  #watch = new Watch([])
  #triggers: Triggers
  #fingerprint = ''
  #mayMean: (address: string) => boolean = () => false
  #forwarder: Forwarder | undefined

  private constructor(world: GatewayWorld, config: GatewayConfig) {
    const { kernel, tell, now, state } = world
    this.#world = world
    this.#config = config
    this.#triggers = new Triggers(config.quarantine)
    this.#files = new HeldFiles({ home: dirname(world.config), state, now }, tell)
    this.#rules = new Rules(kernel)
    this.#names = new Names({
      resolve: question => this.#resolve(question),
      load: script => this.#rules.load(script),
      mayMean: address => this.#mayMean(address),
      tell,
      now: () => now().getTime(),
      graceSeconds: config.resolver['grace-seconds'] ?? 600,
    })
  }

  /** Rules come first, then names: nothing passes in between that a file does not allow. */
  static async open(world: GatewayWorld): Promise<Gateway> {
    const gateway = new Gateway(world, await configAt(world.config))
    await gateway.#enforce('all')
    await gateway.#listen()
    await gateway.#names.refresh()
    const devices = gateway.#config.devices.length
    world.tell({ event: 'ready', devices, text: `${devices} devices are kept to their files` })
    return gateway
  }

  /** The script as it would be loaded, with nothing learned yet; nothing is changed, and nobody need be root. */
  static async preview(world: GatewayWorld): Promise<string> {
    const gateway = new Gateway(world, await configAt(world.config))
    const config = gateway.#config
    await gateway.#files.read(config, 'all')
    const cutOff = new Set((await quarantined(world.state)).keys())
    const card = await world.kernel.card(config.lan)
    const files = gateway.#files.files()
    const kernel = { ...world.kernel, sets: async () => new Map(), map: async () => [] }
    return (await compileRules(kernel, config, files, cutOff, card)).script
  }

  /** What a second brings: denied packets, changed files, who is cut off, names that ran out. */
  async tick(): Promise<void> {
    await this.#observe()
    await this.#follow()
    await this.#names.refresh()
  }

  /** What it enforces now, for people. */
  status(): object {
    const devices = this.#config.devices.map(device => {
      const held = this.#files.get(device.mac)
      const cut = this.#cutOff.get(device.mac)
      const state = held ? 'enforced' : 'no file'
      return {
        mac: device.mac,
        name: nameOf(device),
        state: cut ? 'quarantined' : state,
        ...(held && { url: held.file.url }),
        ...(held?.stale && { stale: held.stale }),
        ...(cut && { since: cut.since, why: cut.why }),
      }
    })
    return { time: this.#world.now().toISOString(), devices, names: this.#names.meanings() }
  }

  async close(): Promise<void> {
    await this.#forwarder?.close()
    await this.#rules.inTurn(async () => undefined)
  }

  readonly #resolve: Resolve = question =>
    resolverOf(this.#config.resolver.upstream.map(parseEndpoint))(question)

  async #enforce(which: 'all' | 'due'): Promise<void> {
    const config = this.#config
    const { kernel, state, config: path } = this.#world
    this.#fingerprint = await this.#files.fingerprint(config, path)
    await this.#files.read(config, which)
    this.#cutOff = await quarantined(state)
    const card = await kernel.card(config.lan)
    this.#mayMean = meaningOf(localNetworks(config, card), card.addresses)
    const cutOff = new Set(this.#cutOff.keys())
    const { hosts, notes } = await this.#rules.replace(config, this.#files.files(), cutOff)
    this.#watch = new Watch(config.devices.map(({ mac }) => mac))
    this.#names.follow(hosts)
    for (const { path: at, message } of notes) this.#tell('file', `${at}: ${message}`)
    this.#tell('loaded', `the rules of ${config.devices.length} devices are in force`)
  }

  #tell(event: 'file' | 'loaded', text: string): void {
    this.#world.tell({ event, text })
  }

  async #listen(): Promise<void> {
    const { listen } = this.#config.resolver
    if (!listen) return
    this.#forwarder = await openForwarder(listen.map(parseEndpoint), {
      resolve: this.#resolve,
      learn: (name, answer) => this.#names.learn(name, [answer]),
      mayAsk: (address, name) => this.#mayAsk(address, name),
      mayMean: address => this.#mayMean(address),
    })
  }

  /** A device may ask for the names of its file alone: others would carry out what it knows. */
  async #mayAsk(address: string, name: string): Promise<boolean> {
    const mac = await this.#rules.ownerOf(address, this.#world.now().getTime())
    if (mac === undefined) return true
    const file = this.#files.get(mac)?.file
    const rules = [...(file?.fromDevice ?? []), ...(file?.toDevice ?? [])]
    const isDeclared = rules.some(({ peers }) =>
      peers.some(peer => peer.kind === 'host' && peer.of === name),
    )
    if (!isDeclared) {
      const device = this.#nameAt(mac)
      const text = `${device} asked for ${name.slice(0, 100)}, which its file does not name`
      this.#world.tell({ event: 'refused', name, device, mac, text })
    }
    return isDeclared
  }

  #nameAt(mac: string): string {
    const device = this.#config.devices.find(one => one.mac === mac)
    return device ? nameOf(device) : mac
  }

  /** Tells what was denied, and cuts off whoever the configuration’s rule is about. */
  async #observe(): Promise<void> {
    const { kernel, now, tell, state } = this.#world
    const at = now().getTime()
    const counters = await this.#rules.inTurn(() => kernel.counters())
    const { denied, tried } = await this.#watch.observe(counters, () => kernel.sets(), at)
    for (const one of denied) {
      const device = this.#nameAt(one.mac)
      tell({ event: 'denied', ...one, device, text: deniedText(device, one) })
    }
    for (const [mac, packets] of tried) {
      const why = this.#triggers.reason(mac, packets, at)
      if (why === undefined || this.#cutOff.has(mac)) continue
      await quarantine(state, { mac, since: now().toISOString(), why })
    }
  }

  /** Takes over what changed; what can’t be read changes nothing. */
  async #follow(): Promise<void> {
    const { config: path, state, now } = this.#world
    const cutOff = await quarantined(state)
    const isOther = (await this.#files.fingerprint(this.#config, path)) !== this.#fingerprint
    const at = now().getTime()
    const isDue = this.#config.devices.some(({ mac }) => this.#files.isDue(mac, at))
    const changed = this.#tellCutOff(cutOff)
    if (isOther) await this.#takeConfig()
    if (isOther || isDue || changed) await this.#enforce(isOther ? 'all' : 'due')
  }

  #tellCutOff(next: ReadonlyMap<string, Quarantined>): boolean {
    const before = this.#cutOff
    const came = [...next.values()].filter(({ mac }) => !before.has(mac))
    const went = [...before.values()].filter(({ mac }) => !next.has(mac))
    for (const { mac, why } of came) {
      const device = this.#nameAt(mac)
      this.#world.tell({ event: 'quarantined', device, mac, text: `${device} is cut off: ${why}` })
    }
    for (const { mac } of went) {
      const device = this.#nameAt(mac)
      this.#world.tell({ event: 'released', device, mac, text: `${device} is released` })
    }
    return came.length + went.length > 0
  }

  async #takeConfig(): Promise<void> {
    const { config: path, tell } = this.#world
    try {
      this.#config = await configAt(path)
      this.#triggers = new Triggers(this.#config.quarantine)
    } catch (error) {
      if (!isCoded(error)) throw error
      tell({ event: 'fault', code: error.code, text: `${error.message}; the one before counts` })
    }
  }
}

async function configAt(path: string): Promise<GatewayConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause
    const message = `cannot read gateway configuration ${path}: ${why}`
    throw new GatewayError('gateway/config', message, {}, { cause })
  })
  return parseConfig(text)
}
