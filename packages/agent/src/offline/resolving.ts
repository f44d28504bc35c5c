import { join } from 'node:path'
import { isCoded } from '@steadfleet/base'
import type { ModelStatement, Order } from '@steadfleet/trust'
import { currentGeneration } from '../change/generations.ts'
import type { Parts } from '../parts.ts'
import { keepAgent } from '../self/agent-package.ts'
import { fetchObject } from '../store/fetch-tree.ts'
import { type ResolveContext, type Resolved, resolveOrder } from '../trust/resolve.ts'
import { type PackageSettings, refuseUnopened } from '../trust/secrets.ts'
import type { World } from '../world.ts'
import { type ImportContext, type ResolvedBy, resolveImported } from './import-file.ts'

/** Makes of the last accepted order what to run: by the file that brought it, or by the server. */
export class Resolving {
  readonly #parts: Parts
  readonly #world: World
  readonly #stop: AbortSignal
  /** The device's model, as the last order had it. */
  model: ModelStatement | undefined

  constructor(parts: Parts, world: World, stop: AbortSignal) {
    this.#parts = parts
    this.#world = world
    this.#stop = stop
  }

  async resolve(order: Order): Promise<Resolved> {
    const { client, fetching } = this.#parts
    const imported = await this.#resolveImported(order)
    return imported ?? this.#resolveBy(order, { client, fetching, now: this.#world.now() })
  }

  /** What an import needs of this agent. */
  get importing(): ImportContext {
    const { trust, stores, identity, fetching } = this.#parts
    const { paths } = stores
    return {
      paths,
      world: this.#world,
      device: identity.device,
      trust,
      stores,
      suspect: fetching.suspect,
      current: () => currentGeneration(paths),
      resolve: (order, by) => this.#resolveBy(order, by),
    }
  }

  /** The server may have told more by now than the file knew: then it has the word. */
  async #resolveImported(order: Order): Promise<Resolved | undefined> {
    try {
      return await resolveImported(this.importing, order)
    } catch (error) {
      if (!isCoded(error)) throw error
      return undefined
    }
  }

  async #resolveBy(order: Order, { client, fetching, now }: ResolvedBy): Promise<Resolved> {
    const { trust, enrolment, stores } = this.#parts
    const { paths, objects } = stores
    const content: ResolveContext['content'] = async (digest, length) => {
      await fetchObject(fetching, { digest, length }, this.#stop)
      return objects.read(digest)
    }
    const current = await currentGeneration(paths)
    const running = new Set(current.packages.map(({ record }) => record.digest))
    const modelFile = join(paths.trust, 'model.json')
    const secrets = (of: PackageSettings) => refuseUnopened(paths, trust.floors, of)
    const held = { content, running, modelFile, refuseUnopened: secrets }
    const asked = { client, trust, enrolment, now, ...held }
    const { wanted, model } = await resolveOrder({ ...asked, suspect: fetching.suspect }, order)
    this.model = model
    return { wanted: keepAgent(current, wanted), model }
  }
}
