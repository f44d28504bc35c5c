import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bound, effectOf, type Offer, type Taking } from '@steadfleet/confine'
import type { InterfaceRequest, PackageName } from '@steadfleet/domain'

/** A package and what is opened to it. */
export interface Partner {
  readonly package: PackageName
  readonly opened: readonly InterfaceRequest[]
}

/** The uid of a package; undefined where all apps run as the agent's own user. */
export type UidOf = (packageName: PackageName) => Promise<number | undefined>

/**
 * What packages of this device give each other. A folder is shared where its owner offers it to a package, that
 * package takes it, and both were granted as much; it belongs to the one that offers it.
 */
export class Exchange {
  readonly #home: string
  readonly #uidOf: UidOf
  readonly #offers = new Map<PackageName, readonly Offer[]>()

  constructor(home: string, uidOf: UidOf) {
    this.#home = home
    this.#uidOf = uidOf
  }

  /** Notes what a package offers from now on. True where that is news to those who take it. */
  note({ package: name, opened }: Partner): boolean {
    const offers = exchangesOf(opened).flatMap(exchange => exchange.offers)
    const isNews = JSON.stringify(this.#offers.get(name) ?? []) !== JSON.stringify(offers)
    this.#offers.set(name, offers)
    return isNews
  }

  /** What a package is shown of its own and of others, now; what is not there yet is made. */
  async open({ package: name, opened }: Partner): Promise<Bound[]> {
    const bound: Bound[] = []
    for (const { offers, takes } of exchangesOf(opened)) {
      for (const offer of offers) {
        const from = await this.#furnish(name, offer)
        bound.push({ from, at: placeOf(name, offer), access: 'write' })
      }
      for (const taking of takes) {
        const offer = this.#offerFor(name, taking)
        if (offer === undefined) continue
        const from = await this.#furnish(taking.from, offer)
        bound.push({ from, at: placeOf(taking.from, offer), access: taking.access })
      }
    }
    return bound
  }

  /** The folders of these that the package may fill. */
  writable({ package: name, opened }: Partner): string[] {
    return exchangesOf(opened).flatMap(({ offers, takes }) => [
      ...offers.map(offer => this.#folderOf(name, offer)),
      ...takes.flatMap(taking => {
        const offer = taking.access === 'write' ? this.#offerFor(name, taking) : undefined
        return offer ? [this.#folderOf(taking.from, offer)] : []
      }),
    ])
  }

  #folderOf(name: PackageName, { kind, name: one }: Offer): string {
    return join(this.#home, kind, name.replace('/', '.'), one)
  }

  #offerFor(by: PackageName, taking: Taking): Offer | undefined {
    return this.#offers
      .get(taking.from)
      ?.find(
        ({ kind, name, with: whom, access }) =>
          kind === taking.kind &&
          name === taking.name &&
          (whom?.includes(by) ?? true) &&
          (taking.access === 'read' || access === 'write'),
      )
  }

  /** The folder of an offer, for its owner's uid; what is in it stays. */
  async #furnish(name: PackageName, offer: Offer): Promise<string> {
    const folder = this.#folderOf(name, offer)
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const uid = await this.#uidOf(name)
    if (uid !== undefined) await chown(folder, uid, uid)
    // Who may write adds files, and takes away only its own.
    await chmod(folder, offer.access === 'write' ? 0o1777 : 0o755)
    return folder
  }
}

/** Whether anything of `from` is taken. */
export function isTaking(opened: readonly InterfaceRequest[], from: PackageName): boolean {
  return exchangesOf(opened).some(({ takes }) => takes.some(taking => taking.from === from))
}

function exchangesOf(opened: readonly InterfaceRequest[]) {
  return opened.flatMap(request => effectOf(request).exchange ?? [])
}

/** Where both sides find it, by the same name. */
function placeOf(name: PackageName, { kind, name: one }: Offer): string {
  return join('/run/steadfleet', kind, name, one)
}
