import { type Digest, fromUtf8, isCoded, toHex } from '@steadfleet/base'
import { type Client, getLogProof } from '@steadfleet/protocol'
import {
  type AgreedRelease,
  chosenLog,
  type LogLeaf,
  type LogPolicy,
  leafHash,
  logDigest,
  parseLogProof,
  TrustError,
  type TrustPolicy,
  toLeaf,
} from '@steadfleet/trust'
import { readLimited } from '../server/read-limited.ts'
import type { LogState } from './log-state.ts'

/** What asking the log needs. */
export interface LogContext {
  readonly client: Client
  readonly policy: TrustPolicy
  readonly log: LogState
  /** Records of what the device runs now, which nothing here stops. */
  readonly running: ReadonlySet<Digest>
}

/** A note of 80 KiB, 63 hashes of a path and 64 of a history fit in. */
const longestProof = 128 * 1024

/**
 * Refuses a release that is not in the log which the owner's policy names: each leaf is written here, from
 * what was agreed on, and its proof asked for, before a byte of content is.
 */
export async function refuseUnlogged(
  context: LogContext,
  agreed: readonly AgreedRelease[],
): Promise<void> {
  const log = chosenLog(context.policy.log)
  if (log === undefined) return
  for (const release of agreed) {
    if (!context.running.has(release.record.digest)) await refuseUnshown(context, log, release)
  }
}

async function refuseUnshown(
  context: LogContext,
  policy: LogPolicy,
  release: AgreedRelease,
): Promise<void> {
  const leaf = leafOf(context.policy, release)
  const name = `${logDigest(context.policy.log)} ${toHex(leafHash(leaf))}`
  if (context.log.shown.has(name)) return
  const held = await context.log.held(policy)
  const text = await fetchProof(context.client, leaf, held?.size ?? 0, release.path)
  await context.log.accept(policy, parseLogProof(text), leaf)
  context.log.shown.add(name)
}

function leafOf({ catalogues }: TrustPolicy, { ordered, path, record }: AgreedRelease): Uint8Array {
  const catalogue = catalogues.find(({ name }) => name === ordered.catalogue)
  if (!catalogue) throw new TypeError(`${path} was agreed on without its catalogue`)
  const named = path as Extract<LogLeaf, { type: 'release' }>['path']
  return toLeaf({ type: 'release', catalogue: catalogue.root, path: named, ...record })
}

async function fetchProof(
  client: Client,
  leaf: Uint8Array,
  held: number,
  path: string,
): Promise<string> {
  const params = { leaf: toHex(leafHash(leaf)) }
  try {
    const { body } = await client.open(getLogProof, { params, query: { held } })
    return fromUtf8(await readLimited(body, longestProof, 'the log’s proof'))
  } catch (cause) {
    if (!isCoded(cause, 'log/unknown-leaf') && !isCoded(cause, 'log/none')) throw cause
    const message = `cannot run ${path}: the log does not hold it`
    throw new TrustError('trust/not-logged', message, { path }, { cause })
  }
}
