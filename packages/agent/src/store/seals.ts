import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { type Digest, digestFromHex, isCoded } from '@steadfleet/base'
import type { TreeEntry } from '@steadfleet/bundle'
import { type Paths, treePath } from '../disk/paths.ts'
import { AgentError, isSystemError } from '../error.ts'
import type { World } from '../world.ts'
import { type Breath, quickBreath } from './breath.ts'
import { type Fault, faultsOfTree } from './check-tree.ts'
import { type Stamp, stampOf } from './stamp.ts'
import type { TreeStore } from './trees.ts'

/** The kernel stamps changes by a clock that ticks a hundred times a second at the slowest. time(7) */
const tickNs = 20_000_000n
/** A clock that was set back by more than this may stamp a change with a time that was seen before. */
const slackMs = 1000
/** So long a stamp is good for at most; then every byte is read again. */
const longestMs = 24 * 3_600_000

interface Seal {
  readonly stamp: string
  readonly at: number
  /** What the clock was ahead of the time since the start. */
  readonly ahead: number
}

/**
 * Whether installed trees are still what was installed: by every byte, or where that was read in this
 * life of the agent, by what the file system vouches for. Decision 0021 says what that is worth.
 */
export class TreeSeals {
  readonly #paths: Paths
  readonly #trees: TreeStore
  readonly #world: World
  readonly #seals = new Map<Digest, Seal>()

  constructor(paths: Paths, trees: TreeStore, world: World) {
    this.#paths = paths
    this.#trees = trees
    this.#world = world
  }

  /** Refuses a tree in which anything was changed: `agent/damaged-tree` names the first of it. */
  async refuseDamaged(tree: Digest): Promise<void> {
    if (await this.#isVouchedFor(tree)) return
    const faults = await this.faultsOf(tree, quickBreath(this.#world))
    if (faults.length > 0) throw damaged(tree, faults)
  }

  /** The same for the folder of a tree, by which an app is started. */
  refuseDamagedAt(place: string): Promise<void> {
    return this.refuseDamaged(digestFromHex(basename(place)))
  }

  /** Reads all of a tree. A sound one is sealed: until the file system says otherwise it is not read again. */
  async faultsOf(tree: Digest, breath: Breath): Promise<Fault[]> {
    this.#seals.delete(tree)
    const place = treePath(this.#paths, tree)
    const began = this.#world.now().getTime()
    const before = await stampIfThere(place, breath)
    const entries = await this.#entriesOf(tree)
    const faults = await faultsOfTree(place, entries, process.getuid?.() ?? 0, breath)
    if (faults.length > 0 || before === undefined) return faults
    const after = await stampIfThere(place, breath)
    const isSettled = before.newest + tickNs < BigInt(began) * 1_000_000n
    if (after?.digest === before.digest && isSettled) this.#seals.set(tree, this.#sealOf(after))
    return faults
  }

  async #entriesOf(tree: Digest): Promise<readonly TreeEntry[]> {
    try {
      return (await this.#trees.listing(tree)).entries
    } catch (error) {
      if (!isCoded(error, 'agent/not-there')) throw error
      const message = `cannot use tree ${tree}: its listing is gone`
      throw new AgentError('agent/damaged-object', message, { digest: tree, found: 'nothing' })
    }
  }

  #sealOf({ digest }: Stamp): Seal {
    const at = this.#world.monotonic()
    return { stamp: digest, at, ahead: this.#world.now().getTime() - at }
  }

  async #isVouchedFor(tree: Digest): Promise<boolean> {
    const seal = this.#seals.get(tree)
    if (seal === undefined) return false
    const at = this.#world.monotonic()
    const ahead = this.#world.now().getTime() - at
    if (at - seal.at > longestMs || ahead < seal.ahead - slackMs) return false
    const stamp = await stampIfThere(treePath(this.#paths, tree), quickBreath(this.#world))
    return stamp?.digest === seal.stamp
  }
}

/** A tree that is gone, in whole or while it is looked at, has none. */
async function stampIfThere(place: string, breath: Breath): Promise<Stamp | undefined> {
  try {
    return await stampOf(place, breath)
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined
    throw error
  }
}

export function damaged(tree: Digest, faults: readonly Fault[]): AgentError {
  const [first = nothingFound] = faults
  const others = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  const what = `${JSON.stringify(first.path)} ${wordsFor(first)}${others}`
  const message = `cannot use tree ${tree}: it was changed: ${what}`
  return new AgentError('agent/damaged-tree', message, { tree, ...first, faults: faults.length })
}

function wordsFor({ fault, expected, found }: Fault): string {
  if (fault === 'missing') return 'is missing'
  return fault === 'extra' ? 'does not belong there' : `has ${fault} ${found}, not ${expected}`
}

const nothingFound: Fault = { path: '', fault: 'missing', expected: '', found: '' }

/** What of this kernel seals files, for the report's attributes. No ioctl(2) is in reach of this runtime. */
export function describeSeals(): string {
  const hasVerity = ['/sys/fs/ext4/features/verity', '/sys/fs/f2fs/features/verity'].some(
    existsSync,
  )
  return hasVerity ? 'by digest; fs-verity is in the kernel but not asked' : 'by digest'
}
