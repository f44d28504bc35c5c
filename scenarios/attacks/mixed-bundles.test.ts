import { existsSync, readFileSync } from 'node:fs'
import { pathsOf } from '../../packages/agent/src/disk/paths.ts'
import { ObjectStore } from '../../packages/agent/src/store/objects.ts'
import type { Digest } from '../../packages/base/src/index.ts'
import { magic, toHeaderBytes } from '../../packages/bundle/src/header.ts'
import {
  type Bytes,
  bundleVersion,
  contentsOf,
  makeHeader,
  parseTree,
} from '../../packages/bundle/src/index.ts'
import { compress } from '../../packages/bundle/src/zstd.ts'
import type { Besieged } from '../besieged.ts'
import { broken, type Deed, type Rule, send } from '../proxy.ts'
import { attack, pageOf, type Row } from './attack.ts'
import { published } from './forge.ts'
import { mount } from './mirror.ts'
import { readBeforeStart } from './mutant.ts'
import { revisions } from './prepared.ts'
import { objectPath, type Vault } from './vault.ts'

/** Two devices are ordered two revisions at once: which is a device's own, and which its neighbour's. */
function twoFor({ name }: Besieged): readonly [own: number, other: number] {
  const { bundled, otherBundled } = revisions
  return name === 'defended' ? [bundled, otherBundled] : [otherBundled, bundled]
}

/** All that a bundle of a revision holds: its tree's listing first. */
interface Whole {
  readonly tree: Digest
  readonly objects: ReturnType<typeof contentsOf>
  readonly contents: readonly Uint8Array[]
}

function wholeOf(vault: Vault, revision: number): Whole {
  const { tree } = published(vault, revision).record
  const objects = contentsOf(parseTree(readFileSync(objectPath(vault, tree.digest))))
  const contents = objects.map(({ digest }) => readFileSync(objectPath(vault, digest)))
  return { tree: tree.digest, objects, contents }
}

/** A bundle as a server would write it, were the contents those of its header. */
async function bundleOf({ tree, objects }: Whole, { contents }: Whole): Promise<Buffer> {
  const header = toHeaderBytes(makeHeader(tree, objects))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(header.length)
  const frame = async function* (): Bytes {
    yield* [length, header, ...contents]
  }
  const pieces: Uint8Array[] = [magic, Uint8Array.of(bundleVersion)]
  for await (const piece of compress(frame(), 3)) pieces.push(piece)
  return Buffer.concat(pieces)
}

type Swap = (own: Whole, other: Whole, device: Besieged) => Promise<Rule>

/** Between them and the server each is given what is its neighbour's. */
function strikeWith(swap: Swap): Row['strike'] {
  return async ({ device, vault }) => {
    const [own, other] = twoFor(device)
    const rule = await swap(wholeOf(vault, own), wholeOf(vault, other), device)
    await mount(device.proxy, { rule })
    await device.order(own)
  }
}

const runsNeighbours: Row['isWon'] = async ({ device }) =>
  (await device.page()).startsWith(pageOf(twoFor(device)[1]))

function giving(body: Uint8Array): Deed {
  return ({ reply }) => send(reply, { status: 200, headers: {}, body: Buffer.from(body) })
}

/** Does this to bundles, and that to single files of the tree; its listing and its record go through. */
function between(
  bundle: Deed,
  { tree, objects }: Whole,
  object: (digest: Digest) => Deed | undefined,
): Rule {
  const files = objects.map(({ digest }) => digest).filter(digest => digest !== tree)
  return asked => {
    if (asked.startsWith('GET /v1/bundles/')) return bundle
    const file = files.find(digest => asked === `GET /v1/objects/${digest}`)
    return file && object(file)
  }
}

/** Devices that took into their store what was not asked for. */
const filled = new Set<string>()

attack(
  {
    attack: 'mixed bundles between two devices: each is given the bundle of the other',
    code: /^bundle\/wrong-object$/,
    without: {
      file: 'packages/bundle/src/read.ts',
      before: 'refuseHeader(header, limits)\n    return',
      after: 'return',
    },
    strike: strikeWith(async (own, other, device) => {
      const bundle = giving(await bundleOf(other, other))
      const store = new ObjectStore(pathsOf(device.state))
      return between(bundle, own, () => {
        // What is still missing is asked for by itself, when the bundle has been unpacked.
        if (existsSync(store.pathOf(other.tree))) filled.add(device.name)
        return broken
      })
    }),
    isWon: ({ device }) => filled.has(device.name),
  },
  {
    attack:
      'mixed bundles between two devices: each is given its own list with the other’s content',
    code: /^bundle\/digest$/,
    without: {
      file: 'packages/bundle/src/content.ts',
      before: 'if (found === this.#digest) return',
      after: 'return',
    },
    nor: readBeforeStart,
    strike: strikeWith(async (own, other) => {
      return between(giving(await bundleOf(own, other)), own, () => broken)
    }),
    isWon: runsNeighbours,
  },
  {
    attack: 'mixed bundles between two devices: each is given the other’s objects one by one',
    code: /^agent\/digest$/,
    without: {
      file: 'packages/agent/src/store/download.ts',
      before: 'if (actual === digest && found === length) return',
      after: 'if (found === length) return',
    },
    nor: readBeforeStart,
    strike: strikeWith(async (own, other) => {
      const others = new Map(own.objects.map(({ digest }, i) => [digest, other.contents[i]]))
      return between(broken, own, digest => {
        const found = others.get(digest)
        return found && giving(found)
      })
    }),
    isWon: runsNeighbours,
  },
)
