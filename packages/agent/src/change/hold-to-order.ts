import { isDeepStrictEqual } from 'node:util'
import { isCoded, parseStrictJson } from '@steadfleet/base'
import { openedRequests } from '@steadfleet/confine'
import { parsePackageName, parseReleaseRecord, type ReleaseRecord } from '@steadfleet/domain'
import type { Granted } from '@steadfleet/engine'
import type { Order, OrderedRelease } from '@steadfleet/trust'
import type { AppSpec } from '../apps/index.ts'
import { AgentError } from '../error.ts'
import type { RefusalReporter } from '../report/refusals.ts'
import type { ObjectStore } from '../store/objects.ts'
import { grantedNow } from '../trust/granted.ts'
import type { TrustState } from '../trust/trust-state.ts'
import type { World } from '../world.ts'
import type { Found } from './recover.ts'
import type { Stores } from './stores.ts'

interface SignedWord {
  /** The last accepted order, its signatures verified. */
  readonly order: Order | undefined
  /** What it grants under the ceiling. */
  readonly granted: Granted
  readonly objects: Pick<ObjectStore, 'read'>
}

/** An app as it may start, and what of it nobody signed. */
interface HeldSpec {
  readonly spec: AppSpec
  readonly widened: readonly string[]
}

/**
 * The specs as they may start; what of them nobody signed is told. Where the newest order is still to be
 * carried out, what it took back is gone too, and no word is lost about it.
 */
export async function heldToOrder(
  { current, specs }: Found,
  { trust, stores, refusals }: Signed,
  world: World,
): Promise<readonly AppSpec[]> {
  const { order } = trust
  const word = { order, granted: grantedUnder(trust), objects: stores.objects }
  const held = await Promise.all(specs.map(spec => holdToOrder(word, spec)))
  const isPending = current.counter < (order?.counter ?? 0)
  for (const one of isPending ? [] : held.filter(({ widened }) => widened.length > 0)) {
    await refusals.report(world, new AgentError('agent/widened', inWords(one)))
  }
  return held.map(({ spec }) => spec)
}

interface Signed {
  readonly trust: Pick<TrustState, 'order' | 'heldPolicy'>
  readonly stores: Pick<Stores, 'objects'>
  readonly refusals: RefusalReporter
}

function inWords({ spec, widened }: HeldSpec): string {
  const what = widened.join(', ')
  return `cannot open ${what} to ${spec.package} as its record on this device says: that was not signed`
}

/** Where the ceiling itself is lost, the order's grants bound what is open. */
function grantedUnder({ order, heldPolicy }: Pick<TrustState, 'order' | 'heldPolicy'>): Granted {
  if (heldPolicy) return grantedNow({ order, policy: heldPolicy })
  const releases = order?.releases ?? []
  return new Map(releases.map(one => [parsePackageName(one.package), one.grants]))
}

/**
 * Holds what the device's own records say of an app against what was signed, before anything starts: grants
 * against the order and the ceiling, and what each opens against the release record that the order names. The
 * records are the device's to keep, and a file that was changed by hand is not to open anything.
 */
async function holdToOrder(word: SignedWord, spec: AppSpec): Promise<HeldSpec> {
  const ordered = word.order?.releases.find(one => one.package === spec.package)
  if (ordered === undefined) return { spec, widened: [] }
  const granted = word.granted.get(spec.package) ?? []
  const requested = await requestsOf(word, ordered, spec)
  const opened = requested.filter(one => granted.includes(one.interface))
  const widened = spec.opened.filter(one => !opened.some(other => isDeepStrictEqual(one, other)))
  if (widened.length === 0) return { spec, widened: [] }
  const names = widened.map(one => one.interface)
  // As it was signed, where that is known; what nobody granted is gone.
  return { spec: { ...spec, opened: opened.filter(one => isOpened(spec, one)) }, widened: names }
}

function isOpened({ opened }: AppSpec, { interface: name }: { interface: string }): boolean {
  return opened.some(one => one.interface === name)
}

/** What the release asks for by its signed record, where the order is for this revision and its record is here. */
async function requestsOf(
  { objects }: SignedWord,
  ordered: OrderedRelease,
  spec: AppSpec,
): Promise<AppSpec['opened']> {
  if (ordered.revision !== spec.revision) return spec.opened
  const record = await recordOf(objects, ordered)
  if (record === undefined) return spec.opened
  const names = (record.behaviour.interfaces ?? []).map(one => one.interface)
  return openedRequests(record.behaviour.interfaces ?? [], names)
}

async function recordOf(
  objects: SignedWord['objects'],
  { record }: OrderedRelease,
): Promise<ReleaseRecord | undefined> {
  try {
    return parseReleaseRecord(parseStrictJson(await objects.read(record.digest)))
  } catch (error) {
    // It is fetched again when the order is followed; until then the grants bound what is open.
    if (isCoded(error)) return undefined
    throw error
  }
}
