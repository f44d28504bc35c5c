import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isCoded } from '@steadfleet/base'
import type { MudFile } from '@steadfleet/confine/mud'
import { type ConfiguredDevice, type GatewayConfig, nameOf } from './config.ts'
import type { GatewayEvent } from './events.ts'
import { type FilePlaces, type HeldFile, readFileOf } from './files.ts'

const atOnce = 8

/** The MUD files of all devices. One that is not to be had leaves its device with what it had before, or nothing. */
export class HeldFiles {
  readonly #places: FilePlaces
  readonly #tell: (event: GatewayEvent) => void
  #held = new Map<string, HeldFile>()

  constructor(places: FilePlaces, tell: (event: GatewayEvent) => void) {
    this.#places = places
    this.#tell = tell
  }

  get(mac: string): HeldFile | undefined {
    return this.#held.get(mac)
  }

  files(): ReadonlyMap<string, MudFile> {
    return new Map([...this.#held].map(([mac, { file }]) => [mac, file]))
  }

  /** Reads the files of all devices, or of those alone whose time is up. */
  async read(config: GatewayConfig, which: 'all' | 'due'): Promise<void> {
    const now = this.#places.now().getTime()
    const macs = new Set(config.devices.map(({ mac }) => mac))
    this.#held = new Map([...this.#held].filter(([mac]) => macs.has(mac)))
    const wanted = config.devices.filter(({ mac }) => which === 'all' || this.isDue(mac, now))
    for (let i = 0; i < wanted.length; i += atOnce) {
      await Promise.all(wanted.slice(i, i + atOnce).map(device => this.#readOne(device, config)))
    }
  }

  isDue(mac: string, now: number): boolean {
    return (this.#held.get(mac)?.freshUntil ?? now) <= now
  }

  async #readOne(device: ConfiguredDevice, config: GatewayConfig): Promise<void> {
    const about = { device: nameOf(device), mac: device.mac }
    try {
      const held = await readFileOf(device, config, this.#places)
      this.#held.set(device.mac, held)
      if (held.stale)
        this.#tell({ event: 'fault', ...about, text: `${held.stale}; its copy counts` })
      for (const { path, message } of held.notes)
        this.#tell({ event: 'file', ...about, text: `${path}: ${message}` })
    } catch (error) {
      const code = isCoded(error) ? error.code : 'gateway/file'
      const text = error instanceof Error ? error.message : String(error)
      this.#tell({ event: 'fault', ...about, code, text })
    }
  }

  /** What changes when one of the files on this machine does. */
  async fingerprint(config: GatewayConfig, path: string): Promise<string> {
    const own = config.devices.flatMap(({ mud }) => (/:\/\//.test(mud) ? [] : [mud]))
    const paths = [path, ...own.map(one => resolve(this.#places.home, one))]
    const all = await Promise.all(
      paths.map(one =>
        stat(one).then(
          ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
          () => 'absent',
        ),
      ),
    )
    return all.join('\n')
  }
}
