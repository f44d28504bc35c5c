import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isCoded } from '@steadfleet/base'
import { type CompiledGateway, compileGateway, type MudFile } from '@steadfleet/confine/mud'
import { type ConfiguredDevice, type GatewayConfig, nameOf, parseConfig } from './config.ts'
import { GatewayError } from './error.ts'
import { deniedText, type GatewayEvent } from './events.ts'
import { type HeldFile, readFileOf } from './files.ts'
import { type Forwarder, openForwarder } from './forwarder.ts'
import type { Kernel } from './kernel.ts'
import { Names } from './names.ts'
import { localNetworks, meaningOf, planOf } from './plan.ts'
import { type Quarantined, quarantine, quarantined } from './quarantine.ts'
import { parseEndpoint, resolverOf } from './resolver.ts'
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
  readonly #names: Names
  #config: GatewayConfig
  #files = new Map<string, HeldFile>()
  #compiled: CompiledGateway | undefined
  #cutOff: ReadonlyMap<string, Quarantined> = new Map()
  #watch = new Watch([])
  #triggers = new Triggers(undefined)
  #seen = ''
  #forwarder: Forwarder | undefined
  #mayMean: (address: string) => boolean = () => false
  /** Changes of the rules, one after the other. */
  #lane: Promise<unknown> = Promise.resolve()
  #owners = new Map<string, string>()
  #ownersAt = 0

  private constructor(world: GatewayWorld, config: GatewayConfig) {
    this.#world = world
    this.#config = config
    this.#names = new Names({
      resolve: question => resolverOf(this.#config.resolver.upstream.map(parseEndpoint))(question),
      load: script => this.#inTurn(() => world.kernel.load(script)),
      mayMean: address => this.#mayMean(address),
      tell: event => world.tell(event),
      now: () => world.now().getTime(),
      graceSeconds: 600,
    })
  }

  /** Enforces before anything is fetched anew: nothing passes that a file does not allow. */
  static async open(world: GatewayWorld): Promise<Gateway> {
    const gateway = new Gateway(world, parseConfig(await readConfig(world.config)))
    await gateway.#reload(gateway.#config)
    await gateway.#listen()
    await gateway.#names.refresh()
    const { length } = gateway.#config.devices
    world.tell({ event: 'ready', devices: length, text: `${length} devices are kept to their files` })
    return gateway
  }

  /** The script as it would be loaded; nothing is changed. */
  static async preview(world: GatewayWorld): Promise<string> {
    const gateway = new Gateway(world, parseConfig(await readConfig(world.config)))
    await gateway.#readFiles(gateway.#config)
    const { script } = await gateway.#compile()
    return script
  }

  /** What a second brings: denied packets, names that ran out, changed files, who is cut off. */
  async tick(): Promise<void> {
    await this.#observe()
    await this.#follow()
    await this.#names.refresh()
  }

  status(): object {
    const devices = this.#config.devices.map(device => {
      const held = this.#files.get(device.mac)
      const cut = this.#cutOff.get(device.mac)
      return {
        mac: device.mac,
        name: nameOf(device),
        state: cut ? 'quarantined' : held ? 'enforced' : 'no file',
        ...(held && { url: held.file.url }),
        ...(held?.stale && { stale: held.stale }),
        ...(cut && { since: cut.since, why: cut.why }),
      }
    })
    return { time: this.#world.now().toISOString(), devices, names: this.#names.meanings() }
  }

  async close(): Promise<void> {
    await this.#forwarder?.close()
    await this.#lane
  }
}
