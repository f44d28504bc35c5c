import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Floors, readFloorCells } from '@steadfleet/trust'
import { TestDevice } from './device.test.ts'
import { PretendFleet } from './pretend-fleet.test.ts'
import { damages, type Tear } from './tear.test.ts'

/** What a server may show: what it serves, and what it orders. */
type Face = Pick<PretendFleet, 'order'> & {
  catalogue: [string, Uint8Array][]
  owner: [string, Uint8Array][]
}

/** A device on revision 2 of two packages, its state to be copied and torn; what its fleet was and will be. */
export class TornStage implements AsyncDisposable {
  readonly fleet: PretendFleet
  readonly #directory = mkdtempSync(join(tmpdir(), 'steadfleet-torn-'))
  /** The state as it stands, as it was one order before, and the copy that is torn. */
  readonly #whole = join(this.#directory, 'whole')
  readonly older = join(this.#directory, 'older')
  readonly root = join(this.#directory, 'torn')
  #floors: Floors = new Map()
  #past: Face | undefined
  #future: Face | undefined

  private constructor(fleet: PretendFleet) {
    this.fleet = fleet
  }

  static async open(): Promise<TornStage> {
    const stage = new TornStage(await PretendFleet.start())
    try {
      await stage.#prepare()
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  async #prepare(): Promise<void> {
    const { fleet, root } = this
    await using device = await TestDevice.join(fleet, { root })
    await this.#order(1)
    this.#past = faceOf(fleet)
    await device.stop()
    copy(root, this.older)
    await device.start()
    await fleet.raiseOwner()
    await this.#order(2)
    await device.stop()
    copy(root, this.#whole)
    this.#floors = floorsAt(root)
    await this.#give(3)
    this.#future = faceOf(fleet)
  }

  async #order(revision: number): Promise<void> {
    await this.#give(revision)
    await this.fleet.untilState('committed', revision)
  }

  async #give(revision: number): Promise<void> {
    const { fleet } = this
    const files = { 'bin/main': 'well\n', note: `${revision}` }
    const hub = await fleet.publish('acme/hub', revision, files, { floor: revision })
    const lamp = await fleet.publish('acme/lamp', revision, files)
    await fleet.give([hub, lamp], { policy: { 'probation-seconds': 1, 'check-in-seconds': 60 } })
  }

  /** The files that are the state: all but content, which is named by its digest, and apps' data. */
  files(): string[] {
    const content = /^(objects|incoming|trees|data)\/|current(\.copy)?\//
    return readdirSync(this.#whole, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => join(entry.parentPath, entry.name).slice(this.#whole.length + 1))
      .filter(file => !content.test(file))
      .sort()
  }

  /** The device over a fresh copy of its state, of which `tear` has damaged what it names. */
  torn(tear: Tear): TestDevice {
    rmSync(this.root, { recursive: true, force: true })
    copy(this.#whole, this.root)
    for (const [file, damage] of Object.entries(tear))
      damages[damage]?.(join(this.root, file), this)
    const device = TestDevice.at(this.root)
    device.haste = 20
    return device
  }

  /** What the device's apps are, as `package revision`. */
  running({ apps }: TestDevice): string[] {
    return [...apps.running.values()].map(one => `${one.package} ${one.revision}`).sort()
  }

  /** No floor is lower than it was, but the time, and the catalogue's, which its own files hold. */
  refuseLowered(): void {
    const found = floorsAt(this.root)
    for (const [name, floor] of this.#floors) {
      if (name.startsWith('time') || name.startsWith('catalogue/')) continue
      assert.ok((found.get(name) ?? 0) >= floor, `floor ${name}: ${found.get(name)}, not ${floor}`)
    }
  }

  /** The server repeats what it said one order before, and says it whatever the device has. */
  attack(): void {
    this.#show(this.#past, true)
  }

  /** The server says what is true: revision 3. */
  mend(): void {
    this.#show(this.#future, false)
    this.fleet.look()
  }

  #show(face: Face | undefined, isStubborn: boolean): void {
    const { fleet } = this
    fleet.isStubborn = isStubborn
    fleet.reports.length = 0
    fleet.events.length = 0
    fleet.order = face?.order ?? null
    for (const name of ['catalogue', 'owner'] as const) {
      fleet[name].clear()
      for (const [file, bytes] of face?.[name] ?? []) fleet[name].set(file, bytes)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
}

function faceOf({ order, catalogue, owner }: PretendFleet): Face {
  return { order, catalogue: [...catalogue], owner: [...owner] }
}

/** What the floor cells of a state directory say. */
function floorsAt(root: string): Floors {
  const [a, b] = ['a', 'b'].map(cell => readFileSync(join(root, 'trust', `floors-${cell}`)))
  return readFloorCells(a, b).floors
}
