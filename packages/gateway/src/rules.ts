import { type CompiledGateway, compileGateway, type MudFile } from '@steadfleet/confine/mud'
import type { GatewayConfig } from './config.ts'
import type { Card, Kernel, SetElement } from './kernel.ts'
import { planOf } from './plan.ts'

/** The rules of the gateway in the kernel: replaced as a whole, changed one after the other. */
export class Rules {
  readonly #kernel: Kernel
  #lane: Promise<unknown> = Promise.resolve()
  #marks: ReadonlyMap<string, string> = new Map()
  #owners: ReadonlyMap<string, string> = new Map()
  #ownersAt = Number.NEGATIVE_INFINITY

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Replaces all rules in one transaction; what the sets had learned goes over into the new ones. */
  replace(
    config: GatewayConfig,
    files: ReadonlyMap<string, MudFile>,
    quarantined: ReadonlySet<string>,
  ): Promise<CompiledGateway> {
    return this.inTurn(async () => {
      const card = await this.#kernel.card(config.lan)
      if (card.isBridge) await this.#kernel.watchBridge()
      const compiled = await compileRules(this.#kernel, config, files, quarantined, card)
      await this.#kernel.load(compiled.script)
      this.#marks = compiled.marks
      return compiled
    })
  }

  load(script: string): Promise<void> {
    return this.inTurn(() => this.#kernel.load(script))
  }

  /** Runs when all that was asked before is done, however that ended. */
  inTurn<T>(deed: () => Promise<T>): Promise<T> {
    const done = this.#lane.then(deed)
    this.#lane = done.catch(() => undefined)
    return done
  }

  /** The MAC address of the device that has an address, as the kernel learned it; asked at most once a second. */
  async ownerOf(address: string, now: number): Promise<string | undefined> {
    if (!this.#owners.has(address) && now - this.#ownersAt >= 1000) {
      this.#ownersAt = now
      const found = await Promise.all(['owner4', 'owner6'].map(name => this.#kernel.map(name)))
      const byMark = new Map([...this.#marks].map(([mac, mark]) => [mark, mac]))
      this.#owners = new Map(
        found.flat().flatMap(({ text }) => {
          const [owned = '', mark = ''] = text.split(' : ')
          const mac = byMark.get(mark)
          return mac === undefined ? [] : [[owned, mac] as const]
        }),
      )
    }
    return this.#owners.get(address)
  }
}

/** What would be loaded now. */
export async function compileRules(
  kernel: Kernel,
  config: GatewayConfig,
  files: ReadonlyMap<string, MudFile>,
  quarantined: ReadonlySet<string>,
  card: Card,
): Promise<CompiledGateway> {
  const sets = new Map<string, readonly SetElement[]>(await kernel.sets())
  for (const name of ['owner4', 'owner6']) sets.set(name, await kernel.map(name))
  return compileGateway(planOf(config, { card, files, quarantined, sets }))
}
