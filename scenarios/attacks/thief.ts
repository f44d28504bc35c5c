import {
  addRelease,
  makeTargets,
  readSigned,
  type SignedTargets,
  type Signer,
  signMetadata,
} from '../../packages/authority/src/index.ts'
import { keyIdOf } from '../../packages/trust/src/index.ts'
import type { Rule } from '../proxy.ts'
import type { Row, Scene } from './attack.ts'
import {
  type Files,
  type Forged,
  forgeRevision,
  ordered,
  pageOfForged,
  signOnline,
  signOrder,
  versionOf,
} from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { strangerKey } from './recover.ts'
import { roleIn, type Vault } from './vault.ts'

/** Whose key nobody in the fleet ever named. */
export const thief = strangerKey('thief')

/** His revision 9 runs. */
export const forgedRuns: Row['isWon'] = async ({ device }) => (await device.page()) === pageOfForged

/** What the thief puts beside his own role of acme. */
export interface Plot {
  /** Who signs acme's role; absent: the thief. */
  readonly acme?: Signer
  readonly targets?: Uint8Array
  readonly files?: Files
  /** What else he does to requests, having made his release. */
  readonly rule?: (forged: Forged) => Promise<Rule>
}

/**
 * With every online key he publishes revision 9 in a role of acme's that he signs himself, names it
 * in a snapshot and a timestamp, and orders it: no more is needed where one check is missing.
 */
export async function strike({ device, vault }: Scene, plot: Plot = {}): Promise<void> {
  const { acme = thief, targets, files = new Map(), rule } = plot
  const forged = forgeRevision(vault, 9)
  const held = readSigned('targets', roleIn(vault, 'acme'))
  const grown = addRelease(held, forged.named.path, forged.named.target)
  const role = await signMetadata({ ...grown, version: held.version + 1 }, [acme])
  const changed = new Map([['acme', role], ...(targets ? [['targets', targets] as const] : [])])
  const signed = await signOnline(vault, changed)
  const order = await signOrder(vault, device, { releases: ordered(device, forged) })
  await mount(device.proxy, {
    files: new Map([...signed, ...files]),
    order,
    objects: forged.objects,
    ...(rule && { rule: await rule(forged) }),
  })
  await device.order(revisions.next)
}

/** The next targets, in which acme's key is another one. */
export async function delegateTo(
  vault: Vault,
  key: Signer['key'],
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const version = versionOf(roleIn(vault, 'targets')) + 1
  const publishers = ['acme', 'bolt'].map(name => ({ name, keys: [thief.key], threshold: 1 }))
  const next = makeTargets(version, publishers, new Date())
  return signMetadata(withKey(next, key), signers)
}

/** In place of the thief's; also a key that no honest document would name. */
function withKey(signed: SignedTargets, key: Signer['key']): SignedTargets {
  const keyid = keyIdOf(key)
  const roles = signed.delegations?.roles ?? []
  return {
    ...signed,
    delegations: { keys: { [keyid]: key }, roles: roles.map(one => ({ ...one, keyids: [keyid] })) },
  }
}
