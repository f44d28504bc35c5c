import type { GatewayConfig } from './config.ts'

type Rule = NonNullable<GatewayConfig['quarantine']>

/** Tells which devices try too much too fast, by the configuration’s rule. */
export class Triggers {
  readonly #rule: Rule | undefined
  readonly #tries = new Map<string, { readonly at: number; readonly packets: number }[]>()

  constructor(rule: Rule | undefined) {
    this.#rule = rule
  }

  /** Why a device is to be cut off; undefined where it is not. */
  reason(mac: string, packets: number, now: number): string | undefined {
    if (!this.#rule) return undefined
    const { denied, seconds } = this.#rule
    const before = this.#tries.get(mac) ?? []
    const tries = [...before, { at: now, packets }].filter(({ at }) => now - at < seconds * 1000)
    this.#tries.set(mac, tries)
    const sum = tries.reduce((all, one) => all + one.packets, 0)
    if (sum < denied) return undefined
    this.#tries.delete(mac)
    return `${sum} packets within ${seconds} s that its file does not allow`
  }
}
